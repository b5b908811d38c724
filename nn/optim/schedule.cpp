#include "nn/optim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "autodiff/base/error.hpp"

namespace dimwise {

double warm_up(int64_t step, int64_t steps) {
  if (steps < 0) fail<ValueError>("warm_up", "steps is ", steps, ". Give 0 or more.");
  return step < steps ? static_cast<double>(step + 1) / static_cast<double>(steps) : 1.0;
}

double cosine_decay(double share_done, double last) {
  if (!(share_done >= 0))
    fail<ValueError>("cosine_decay", "share_done is ", share_done, ". Give a number from 0 to 1.");
  return last + (1 - last) * (1 + std::cos(std::numbers::pi * std::min(share_done, 1.0))) / 2;
}

double exponential_decay(int64_t step, double gamma) {
  if (!(gamma > 0)) fail<ValueError>("exponential_decay", "gamma is ", gamma, ". Give a positive number.");
  return std::pow(gamma, static_cast<double>(step));
}

double step_decay(int64_t step, int64_t every, double gamma) {
  if (every <= 0 || !(gamma > 0))
    fail<ValueError>("step_decay", "every = ", every, " and gamma = ", gamma, ". Both must be positive.");
  return std::pow(gamma, static_cast<double>(step / every));
}

}  // namespace dimwise
