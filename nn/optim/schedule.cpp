#include "nn/optim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "autodiff/base/error.hpp"

namespace dimwise {

Schedule constant_rate(double lr) {
  return [lr](int64_t) { return lr; };
}

Schedule warm_up(int64_t steps, Schedule then) {
  if (steps < 0) fail<ValueError>("warm_up", "steps is ", steps, ". Give 0 or more.");
  return [steps, then = std::move(then)](int64_t step) {
    const double rate = then(step);
    return step < steps ? rate * static_cast<double>(step + 1) / static_cast<double>(steps) : rate;
  };
}

Schedule cosine_decay(double lr, int64_t steps, double last) {
  if (steps <= 0) fail<ValueError>("cosine_decay", "steps is ", steps, ". Give 1 or more.");
  return [=](int64_t step) {
    const double part = static_cast<double>(std::min(step, steps)) / static_cast<double>(steps);
    return last + (lr - last) * (1 + std::cos(M_PI * part)) / 2;
  };
}

Schedule exponential_decay(double lr, double gamma) {
  if (!(gamma > 0)) fail<ValueError>("exponential_decay", "gamma is ", gamma, ". Give a positive factor.");
  return [=](int64_t step) { return lr * std::pow(gamma, static_cast<double>(step)); };
}

Schedule step_decay(double lr, int64_t every, double gamma) {
  if (every <= 0) fail<ValueError>("step_decay", "every is ", every, ". Give 1 or more.");
  if (!(gamma > 0)) fail<ValueError>("step_decay", "gamma is ", gamma, ". Give a positive factor.");
  return [=](int64_t step) { return lr * std::pow(gamma, static_cast<double>(step / every)); };
}

}  // namespace dimwise
