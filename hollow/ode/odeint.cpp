#include "hollow/ode/odeint.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "hollow/ode/detail/own_steps.hpp"
#include "hollow/ode/detail/segments.hpp"
#include "hollow/ode/detail/solve.hpp"
#include "hollow/ode/gradients/event_times.hpp"
#include "hollow/ode/implicit/initial_slope.hpp"
#include "hollow/solve/root.hpp"
#include "ops/arithmetic.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise {

const char* name(OdeStatus status) {
  switch (status) {
    case OdeStatus::success:
      return "success";
    case OdeStatus::event_reached:
      return "event_reached";
    case OdeStatus::steady_state:
      return "steady_state";
    case OdeStatus::stopped:
      return "stopped";
    case OdeStatus::events_accumulate:
      return "events_accumulate";
    case OdeStatus::max_steps_reached:
      return "max_steps_reached";
    case OdeStatus::max_evaluations_reached:
      return "max_evaluations_reached";
    case OdeStatus::dt_too_small:
      return "dt_too_small";
    case OdeStatus::corrector_not_converging:
      return "corrector_not_converging";
    case OdeStatus::non_finite:
      return "non_finite";
  }
  return "unknown";
}

const std::vector<std::string>& corrector_names() {
  static const std::vector<std::string> names{"automatic", "functional", "jacobi_newton", "newton", "newton_krylov"};
  return names;
}

OdeStatistics& OdeStatistics::operator+=(const OdeStatistics& more) {
  evaluations += more.evaluations;
  nonstiff_evaluations += more.nonstiff_evaluations;
  row_evaluations += more.row_evaluations;
  diagonals += more.diagonals;
  jacobians += more.jacobians;
  products += more.products;
  factorizations += more.factorizations;
  iterations += more.iterations;
  accepted += more.accepted;
  rejected += more.rejected;
  corrector_failures += more.corrector_failures;
  stiff_phases += more.stiff_phases;
  last_dt = more.last_dt;
  next_dt = more.next_dt;
  corrector = more.corrector;
  return *this;
}

State OdeSolution::at(double t) const {
  if (!trajectory) fail<ValueError>("odeint", "this solution keeps no dense output. Solve with dense = true.");
  const double end = status == OdeStatus::event_reached ? this->t.back() : grid.back(), start = grid.front();
  if (t < std::min(start, end) || t > std::max(start, end))
    fail<ValueError>("odeint", "t = ", t, " is outside the solution, which runs from ", start, " to ", end, ".");
  return trajectory->interpolants.empty() ? y.front() : trajectory->at(t);
}

OdeSolution odeint(const OdeTerm& term, const State& y0, const std::vector<double>& times, const OdeOptions& options) {
  ode::check_arguments(y0, times, options);
  ode::check_mass(term, options);
  const bool empty = std::all_of(y0.begin(), y0.end(), [](const Tensor& y) { return y.size() == 0; });
  if (times.front() == times.back() || empty) {
    OdeSolution trivial;
    trivial.t = times;
    trivial.y.assign(times.size(), y0);
    trivial.grid = {times.front()};
    if (times.back() != times.front()) trivial.grid.push_back(times.back());
    if (options.dense) trivial.trajectory = std::make_shared<const ode::DenseOutput>();
    return trivial;
  }
  return options.own_steps ? ode::solve_own_steps(term, y0, times, options)
                           : ode::solve_in_segments(term, y0, times, options);
}

OdeSolution odeint(const OdeTerm& term, const State& y0, const Tensor& times, const OdeOptions& options) {
  if (!times.defined()) fail<ValueError>("odeint", "times are undefined. Give a tensor (n).");
  if (times.rank() != 1) fail<ShapeError>("odeint", "times have shape ", times.shape(), ". Give a tensor (n).");
  const std::vector<double> t = times.values();
  if (!(recording() && times.tracked())) return odeint(term, y0, t, options);
  if (options.own_steps)
    fail<ValueError>("odeint", "own_steps gives no gradient with respect to times. Give them as numbers.");
  // A start at another time is one at the same time, from the solution there.
  const auto time = [&](size_t i) { return astype(select(times, 0, static_cast<int64_t>(i)), DType::float64); };
  ode::check_arguments(y0, t, options);
  OdeSolution solution = odeint(term, ode::moved_in_time(term, time(0), y0, t[0] - time(0)), t, options);
  for (size_t i = 0; i < solution.t.size(); ++i)
    if (i < t.size() && solution.t[i] == t[i])
      solution.y[i] =
          i == 0 ? y0 : ode::moved_in_time(term, scalar(t[i], DType::float64), solution.y[i], time(i) - t[i]);
  ode::count_moves(solution.statistics, term, static_cast<int64_t>(solution.t.size()));
  return solution;
}

Tensor odeint(const std::function<Tensor(const Tensor& t, const Tensor& y)>& f, const Tensor& y0,
              const std::vector<double>& times, const OdeOptions& options) {
  const OdeTerm term([f](const Tensor& t, const State& y) { return State{f(t, y[0])}; });
  std::vector<Tensor> rows;
  for (const State& y : value_or_throw(odeint(term, {y0}, times, options)).y) rows.push_back(y[0]);
  return stack(rows, 0);
}

State consistent_state(const OdeTerm& term, double t, const State& y0, const OdeOptions& options) {
  if (!term.mass) fail<ValueError>("consistent_state", "the term has no mass matrix: any state is consistent.");
  const auto system = std::make_shared<ode::System>(term, y0, options);
  std::vector<double> algebraic(static_cast<size_t>(system->unknowns()), 1);
  const std::vector<double> masses = system->mass->values.values();
  const std::vector<int64_t> rows = system->mass->pattern.rows();
  for (size_t k = 0; k < rows.size(); ++k)
    if (masses[k] != 0) algebraic[static_cast<size_t>(rows[k])] = 0;
  const Tensor start = system->pack(y0), marks = tensor(algebraic, start.dtype());
  const auto residual = [&](const Tensor& u) {
    return system->times_mass(u - start) + marks * system->pack(system->f(t, system->unpack(u, y0)));
  };
  const double rtol = start.dtype() == DType::float32 ? 1e-6 : 1e-12;
  const RootOptions how{
      .method = "newton", .rtol = rtol, .atol = 1e-3 * rtol, .implicit = {.coupling = system->coupling()}};
  State y = system->unpack(value_or_throw(find_root({residual}, stop_gradient(start), how)).y, y0);
  if (!ode::short_step(system, t, 1, y).consistent())
    fail<SolverError>("consistent_state",
                      "the algebraic equations are not rows of 0 in the mass matrix, or have an index above 1. Combine "
                      "equations until they are such rows.");
  return y;
}

const OdeSolution& value_or_throw(const OdeSolution& solution) {
  if (!ode::arrived(solution.status)) fail<SolverError>("odeint", solution.message);
  return solution;
}

OdeSolution value_or_throw(OdeSolution&& solution) {
  value_or_throw(static_cast<const OdeSolution&>(solution));
  return std::move(solution);
}

}  // namespace dimwise
