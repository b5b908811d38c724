// Adams methods. The corrected polynomial takes the new derivative and keeps the last order − 1 of them.
#include "hollow/ode/methods/multistep.hpp"

namespace dimwise::ode {

namespace {

// ∫ from −1 to 0 of (−x)^power p(x).
double moment(const std::vector<double>& p, int power) {
  double sum = 0, sign = 1;
  for (size_t i = 0; i < p.size(); ++i, sign = -sign)
    sum += sign * p[i] / static_cast<double>(static_cast<int>(i) + 1 + power);
  return sum;
}

// Π (1 + x / past_j) over the first `count`: 0 at the times of the last derivatives, 1 at the new one.
std::vector<double> vanishing(const Past& past, int count) {
  std::vector<double> p{1};
  for (int j = 0; j < count; ++j) p = times_linear(p, 1, 1 / past[static_cast<size_t>(j)]);
  return p;
}

MultistepStep adams_step(int order, const Past& past) {
  const std::vector<double> m = vanishing(past, order - 1);
  const double whole = moment(m, 0), q = order;
  MultistepStep step;
  step.l.assign(static_cast<size_t>(order) + 1, 1);
  for (size_t i = 1; i < step.l.size(); ++i) step.l[i] = m[i - 1] / static_cast<double>(i) / whole;
  step.ratio = past[static_cast<size_t>(order) - 1];
  step.error = moment(m, 1) / whole / step.ratio;
  step.higher = moment(times_linear(m, 1, 1 / step.ratio), 1) / whole / (q + 1);
  if (order > 1) {
    const std::vector<double> less = vanishing(past, order - 2);
    step.lower = q * moment(less, 1) / less.back();
  }
  return step;
}

// The polynomial of degree `order` whose value and derivative vanish at t1, and its derivative at the points that the
// lower order keeps.
std::vector<double> adams_lower(int order, const Past& past) {
  std::vector<double> derivative{0, 1};
  for (int j = 0; j < order - 2; ++j) derivative = times_linear(derivative, past[static_cast<size_t>(j)], 1);
  std::vector<double> p{0};
  for (size_t i = 0; i < derivative.size(); ++i) p.push_back(order * derivative[i] / static_cast<double>(i + 1));
  return p;
}

// The predictor of the higher order already has the derivative at that point, so the polynomial does not change.
std::vector<double> adams_raise(int order, const Past&) { return std::vector<double>(static_cast<size_t>(order) + 2); }

}  // namespace

const MultistepFamily& adams_moulton() {
  static const MultistepFamily family{"adams", 12, false, false, adams_step, adams_lower, adams_raise};
  return family;
}

const MultistepFamily& adams_bashforth_moulton() {
  static const MultistepFamily family{"abm", 12, false, true, adams_step, adams_lower, adams_raise};
  return family;
}

}  // namespace dimwise::ode
