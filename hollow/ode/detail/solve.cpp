#include "hollow/ode/detail/solve.hpp"

namespace dimwise::ode {

OdeSolution solve(const OdeTerm& term, const State& y0, const std::vector<double>& times, const OdeOptions& options,
                  const OdeStatistics& before, State derivative, JacobianFunction jacobian) {
  const auto system = std::make_shared<System>(term, y0, options, before, std::move(jacobian));
  const auto trajectory = options.dense ? std::make_shared<DenseOutput>() : nullptr;
  Driver driver(make_stepper(system, times.front(), y0, std::move(derivative)), system, times, trajectory.get());
  driver.advance();
  OdeSolution solution = driver.finish();
  solution.trajectory = trajectory;
  return solution;
}

}  // namespace dimwise::ode
