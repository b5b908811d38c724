#include "apps/ode/experiment_solvers.hpp"

#include <ctime>

#include <algorithm>
#include <limits>
#include <sstream>

#include "apps/common/exit_code.hpp"
#include "nn/module.hpp"

namespace dimwise::app::experiment {

namespace {

// Ends value_and_grad where there is no solution to take a loss of.
struct Unsolved {};

double processor_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

Ending ending(OdeStatus status) {
  if (status == OdeStatus::success) return Ending::done;
  return status == OdeStatus::max_evaluations_reached ? Ending::out_of_budget : Ending::failed;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::vector<Solver> parse_solvers(const std::string& list) {
  std::vector<Solver> solvers;
  std::istringstream in(list);
  for (std::string label; std::getline(in, label, ',');) {
    const size_t colon = label.find(':');
    Solver s{.label = label, .method = label.substr(0, colon)};
    if (!contains(ode_method_names(), s.method) || !is_adaptive(s.method))
      fail<UsageError>("--solvers", "there is no adaptive method '", s.method, "'. The methods are ",
                       joined(ode_method_names()), ".");
    if (colon != std::string::npos) {
      s.corrector = label.substr(colon + 1);
      if (!is_implicit(s.method))
        fail<UsageError>("--solvers", s.method, " is explicit and has no corrector. Write it without '", s.corrector,
                         "'.");
      if (!contains(corrector_names(), s.corrector))
        fail<UsageError>("--solvers", "there is no corrector '", s.corrector, "'. The correctors are ",
                         joined(corrector_names()), ".");
    }
    for (const Solver& other : solvers)
      if (other.label == label) fail<UsageError>("--solvers", label, " is named twice. Name each solver once.");
    solvers.push_back(s);
  }
  if (solvers.empty()) fail<UsageError>("--solvers", "is empty. Name one or more, as dopri5,adams:jacobi_newton.");
  return solvers;
}

Measurement measure(Task& task, const AnyHollowNet& net, int64_t step, const Solver& solver,
                    const SolveLimits& limits) {
  const OdeOptions options{.method = solver.method,
                           .rtol = limits.rtol,
                           .atol = limits.atol,
                           .max_steps = std::numeric_limits<int64_t>::max(),
                           .max_evaluations = limits.max_evaluations,
                           .corrector = solver.corrector,
                           .gradient = OdeGradient::adjoint};
  Measurement m;
  std::shared_ptr<const OdeStatistics> backwards;
  double begin = 0;
  const auto loss = [&](const AnyHollowNet& tracked) {
    const Iteration iteration = task.iteration(tracked, step);
    OdeOptions own = options;
    own.quadratures = iteration.quadratures;
    begin = processor_seconds();
    const OdeSolution solution = odeint(iteration.term, iteration.start, iteration.times, own);
    m.forward = {ending(solution.status), solution.statistics, processor_seconds() - begin, solution.message};
    if (m.forward.ending != Ending::done) throw Unsolved{};
    for (const State& y : solution.y) {
      m.solution.emplace_back();
      for (const Tensor& part : y) m.solution.back().push_back(stop_gradient(part));
    }
    const Tensor value = iteration.loss(solution.y);
    m.loss = value.item();
    backwards = solution.adjoint;
    begin = processor_seconds();
    return value;
  };
  try {
    m.gradient = value_and_grad(net, loss).second;
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

}  // namespace dimwise::app::experiment
