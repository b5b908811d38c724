#include "apps/ode/experiment/solvers.hpp"

#include <limits>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/lists.hpp"
#include "nn/module.hpp"

namespace dimwise::app::ode {

namespace {

// Ends value_and_grad if there is no solution.
struct Unsolved {};

Ending ending(OdeStatus status) {
  if (status == OdeStatus::success) return Ending::done;
  return status == OdeStatus::max_evaluations_reached ? Ending::out_of_budget : Ending::failed;
}

}  // namespace

std::vector<SolverSpec> parse_solvers(const std::string& list) {
  std::vector<SolverSpec> solvers;
  for (const std::string& text : words_of(list)) {
    const SolverSpec solver = parse_solver_spec("--solvers", text);
    if (!is_adaptive(solver.method))
      fail<UsageError>("--solvers", solver.method, " has fixed steps, so its counts are not comparable. Name another.");
    for (const SolverSpec& other : solvers)
      if (other.name() == solver.name())
        fail<UsageError>("--solvers", solver.name(), " is named twice. Name each solver once.");
    solvers.push_back(solver);
  }
  if (solvers.empty()) fail<UsageError>("--solvers", "is empty. Name one or more, as dopri5,adams/jacobi_newton.");
  return solvers;
}

OdeOptions options(const SolverSpec& solver, const SolveLimits& limits) {
  return solver.options({.rtol = limits.rtol,
                         .atol = limits.atol,
                         .max_steps = std::numeric_limits<int64_t>::max(),
                         .max_evaluations = limits.max_evaluations,
                         .per_sample = false,  // as in the published comparison
                         .gradient = OdeGradient::adjoint});
}

Measurement measure(Task& task, const AnyHollowNet& net, int64_t step, const SolverSpec& solver,
                    const SolveLimits& limits) {
  Measurement m;
  std::shared_ptr<const OdeStatistics> backwards;
  double begin = 0;
  const auto loss = [&](const AnyHollowNet& tracked) {
    const Iteration iteration = task.iteration(tracked, step);
    OdeOptions own = options(solver, limits);
    own.quadratures = iteration.quadratures;
    begin = processor_seconds();
    const OdeSolution solution = odeint(iteration.term, iteration.start, iteration.times, own);
    m.forward = {ending(solution.status), solution.statistics, processor_seconds() - begin, solution.message};
    if (m.forward.ending != Ending::done) throw Unsolved{};
    Tensor value = iteration.loss(solution.y);
    m.loss = value.item();
    backwards = solution.adjoint;
    begin = processor_seconds();
    return value;
  };
  try {
    m.gradient = value_and_grad(loss, net).second;
    m.adjoint.ending = Ending::done;
  } catch (const Unsolved&) {
    return m;
  } catch (const SolverError& error) {
    m.adjoint.message = error.what();
    m.adjoint.ending =
        backwards && backwards->evaluations >= limits.max_evaluations ? Ending::out_of_budget : Ending::failed;
  }
  m.adjoint.seconds = processor_seconds() - begin;
  m.adjoint.statistics = *backwards;
  return m;
}

}  // namespace dimwise::app::ode
