#include "hollow/ode/detail/dense_output.hpp"

#include <algorithm>

#include "hollow/ode/detail/rows.hpp"
#include "hollow/ode/detail/system.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise::ode {

namespace {
double polynomial(const std::vector<double>& p, double s) {
  double value = 0;
  for (size_t j = p.size(); j-- > 0;) value = value * s + p[j];
  return value;
}

double derivative(const std::vector<double>& p, double s) {
  double value = 0;
  for (size_t j = p.size(); j-- > 1;) value = value * s + static_cast<double>(j) * p[j];
  return value;
}

template <class Weight>
State weighted(const Interpolant& of, Weight&& weight) {
  std::vector<const State*> states;
  std::vector<double> weights;
  for (size_t i = 0; i < of.v.size(); ++i) {
    states.push_back(&of.v[i]);
    weights.push_back(weight(of.p[i]));
  }
  return combination(states, weights);
}
}  // namespace

State Interpolant::at(double time) const {
  return weighted(*this, [s = (time - origin) / scale](const std::vector<double>& p) { return polynomial(p, s); });
}

State Interpolant::at(const std::vector<int64_t>& rows, const std::vector<double>& times) const {
  State y(v[0].size());
  for (size_t j = 0; j < v.size(); ++j) {
    std::vector<double> weights;
    for (const double time : times) weights.push_back(polynomial(p[j], (time - origin) / scale));
    const Tensor weight = tensor(weights, {static_cast<int64_t>(times.size()), 1}, v[j][0].dtype());
    const State values = select_rows(v[j], rows);
    for (size_t i = 0; i < y.size(); ++i) y[i] = j == 0 ? weight * values[i] : y[i] + weight * values[i];
  }
  return y;
}

State Interpolant::slope(double time) const {
  return weighted(
      *this, [s = (time - origin) / scale, this](const std::vector<double>& p) { return derivative(p, s) / scale; });
}

State DenseOutput::at(double t) const {
  const double direction = interpolants.front().t1 > interpolants.front().t ? 1 : -1;
  auto interpolant = std::partition_point(interpolants.begin(), interpolants.end(),
                                          [&](const Interpolant& p) { return p.t1 * direction < t * direction; });
  if (interpolant == interpolants.end()) --interpolant;
  return clipped(interpolant->at(t), non_negative);
}

State clipped(State y, const std::vector<bool>& non_negative) {
  for (size_t i = 0; i < non_negative.size(); ++i)
    if (non_negative[i] && min(y[i]).item() < 0) y[i] = where(y[i] < 0.0, 0.0 * y[i], y[i]);
  return y;
}

}  // namespace dimwise::ode
