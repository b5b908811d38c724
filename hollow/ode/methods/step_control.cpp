#include "hollow/ode/methods/step_control.hpp"

#include <algorithm>
#include <cmath>

namespace dimwise::ode {

namespace {
constexpr double safety = 0.9, integral = 0.04, shrink_most = 0.2, grow_most = 10;
}

double StepControl::accepted(double error) {
  double factor = grow_most;
  if (error > 0)
    factor = std::clamp(safety * std::pow(previous_, integral) * std::pow(error, -(exponent_ - 0.75 * integral)),
                        shrink_most, grow_most);
  if (after_rejection_) factor = std::min(factor, 1.0);
  after_rejection_ = false;
  previous_ = std::max(error, 1e-4);
  return factor;
}

double StepControl::rejected(double error) {
  after_rejection_ = true;
  if (!std::isfinite(error)) return 0.1;
  return std::max(shrink_most, safety * std::pow(error, -(exponent_ - 0.75 * integral)));
}

}  // namespace dimwise::ode
