#include "hollow/ode/control.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "autodiff/loops.hpp"
#include "autodiff/node.hpp"
#include "ops/linear_combination.hpp"

namespace dimwise::ode {

namespace {

// Σ (e / (atol + rtol·max(|a|, |b|)))².
template <class T>
double scaled_squares(const T* e, const T* a, const T* b, int64_t n, double rtol, double atol) {
  constexpr int64_t block = 256;
  const T relative = static_cast<T>(rtol), absolute = static_cast<T>(atol);
  T square[block];
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t count = std::min(block, n - begin);
    for (int64_t j = 0; j < count; ++j) {
      const T ratio = e[begin + j] / (absolute + relative * std::max(std::abs(a[begin + j]), std::abs(b[begin + j])));
      square[j] = ratio * ratio;
    }
    total += static_cast<double>(loops::sum(square, count));
  }
  return total;
}

}  // namespace

double error_norm(const State& error, const State& y, const State& y1, double rtol, double atol) {
  double total = 0, count = 0;
  for (size_t i = 0; i < error.size(); ++i) {
    if (!error[i].defined()) continue;
    count += static_cast<double>(error[i].size());
    total += dispatch(error[i].dtype(), [&](auto t) {
      using T = decltype(t);
      return scaled_squares(error[i].node()->data<T>(), y[i].node()->data<T>(), y1[i].node()->data<T>(),
                            error[i].size(), rtol, atol);
    });
  }
  return count > 0 ? std::sqrt(total / count) : 0;
}

double step_error(const Tableau& method, const Step& step, const State& estimate, const OdeOptions& options) {
  const auto norm = [&](const State& e) { return error_norm(e, step.y, step.y1, options.rtol, options.atol); };
  const double error = norm(estimate);
  if (method.error_low.empty() || error == 0) return error;
  return error * (error / std::hypot(error, 0.1 * norm(error_estimate(method.error_low, step, options.controlled))));
}

Component worst_component(const State& error, const State& y, const State& y1, double rtol, double atol) {
  Component worst;
  double largest = -1;
  for (size_t i = 0; i < error.size(); ++i) {
    if (!error[i].defined()) continue;
    const std::vector<double> e = error[i].values(), a = y[i].values(), b = y1[i].values();
    for (size_t j = 0; j < e.size(); ++j) {
      const double ratio = std::abs(e[j]) / (atol + rtol * std::max(std::abs(a[j]), std::abs(b[j])));
      if (!(ratio <= largest)) {
        largest = ratio;
        worst = {static_cast<int>(i), static_cast<int64_t>(j)};
        if (std::isnan(ratio)) return worst;
      }
    }
  }
  return worst;
}

Component first_non_finite(const State& y) {
  for (size_t i = 0; i < y.size(); ++i) {
    const int64_t element = dispatch(y[i].dtype(), [&](auto t) {
      const auto values = y[i].data<decltype(t)>();
      const auto found = std::find_if(values.begin(), values.end(), [](auto v) { return !std::isfinite(v); });
      return found == values.end() ? int64_t{-1} : static_cast<int64_t>(found - values.begin());
    });
    if (element >= 0) return {static_cast<int>(i), element};
  }
  return {};
}

std::string describe(const Component& which, const State& y) {
  if (which.tensor < 0) return "none";
  std::ostringstream text;
  const Tensor& x = y[static_cast<size_t>(which.tensor)];
  text << "tensor " << which.tensor << ", element " << which.element << " = "
       << x.values()[static_cast<size_t>(which.element)];
  return text.str();
}

double initial_step(const Tableau& method, const Field& f, double t, double direction, const State& y, const State& k1,
                    const OdeOptions& options) {
  const Recording off(false);
  const auto norm = [&](const State& v) {
    State seen = v;
    for (size_t i = 0; i < seen.size(); ++i)
      if (!options.controlled.empty() && !options.controlled[i]) seen[i] = Tensor();
    return error_norm(seen, y, y, options.rtol, options.atol);
  };
  const double d0 = norm(y), d1 = norm(k1);
  double h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;
  h0 = std::min(h0, options.dt_max);
  State moved, change;
  for (size_t i = 0; i < y.size(); ++i) moved.push_back(linear_combination({k1[i], y[i]}, {direction * h0, 1}));
  const State k2 = f(t + direction * h0, moved);
  for (size_t i = 0; i < y.size(); ++i) change.push_back(linear_combination({k2[i], k1[i]}, {1, -1}));
  const double d2 = norm(change) / h0, d = std::max(d1, d2);
  if (!std::isfinite(d)) return h0;
  const double h1 = d <= 1e-15 ? std::max(1e-6, 1e-3 * h0) : std::pow(0.01 / d, 1.0 / method.order);
  return std::min({100 * h0, h1, options.dt_max});
}

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
