#include "hollow/ode/methods/step_control.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

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

double trial_length(double y, double f, double longest) {
  return std::min(y < 1e-5 || f < 1e-5 ? 1e-6 : 0.01 * y / f, longest);
}

double first_length(double trial, double f, double change, int order, double longest) {
  const double d = std::max(f, change);
  if (!std::isfinite(d)) return trial;
  const double h = d <= 1e-15 ? std::max(1e-6, 1e-3 * trial) : std::pow(0.01 / d, 1.0 / order);
  return std::min({100 * trial, h, longest});
}

NextStep next_step(double t, double end, double h, double dt_min, double dt_max) {
  NextStep next;
  // Positive at t = 0 too: a step of length 0 changes nothing and would be accepted forever.
  next.shortest =
      std::max({dt_min, 10 * std::numeric_limits<double>::epsilon() * std::abs(t), std::numeric_limits<double>::min()});
  next.h = std::min(std::max(h, next.shortest), dt_max);
  const double left = std::abs(end - t);
  next.last = left <= next.h || (left <= 1.01 * next.h && left <= dt_max);
  next.t1 = next.last ? end : end > t ? t + next.h : t - next.h;
  return next;
}

}  // namespace dimwise::ode
