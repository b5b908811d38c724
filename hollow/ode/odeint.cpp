#include "hollow/ode/odeint.hpp"

#include "autodiff/error.hpp"
#include "hollow/ode/adjoint.hpp"
#include "hollow/ode/solve.hpp"

namespace dimwise {

const char* name(OdeStatus status) {
  switch (status) {
    case OdeStatus::success:
      return "success";
    case OdeStatus::max_steps_reached:
      return "max_steps_reached";
    case OdeStatus::dt_too_small:
      return "dt_too_small";
    case OdeStatus::non_finite:
      return "non_finite";
  }
  return "unknown";
}

OdeSolution odeint(const VectorField& f, const State& y0, const std::vector<double>& times, const OdeOptions& options) {
  if (options.gradient == OdeGradient::adjoint) return ode::solve_adjoint(f, y0, times, options);
  return ode::solve(f, y0, times, options);
}

const OdeSolution& check(const OdeSolution& solution) {
  if (solution.status != OdeStatus::success) fail<SolverError>("odeint", solution.message);
  return solution;
}

OdeSolution check(OdeSolution&& solution) {
  check(static_cast<const OdeSolution&>(solution));
  return std::move(solution);
}

}  // namespace dimwise
