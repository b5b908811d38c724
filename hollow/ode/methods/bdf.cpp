// Backward differentiation formulas with a fixed leading coefficient: γ depends on h alone, so that LU factors can be
// reused (Jackson & Sacks-Davis, 1980).
#include <cmath>

#include "hollow/ode/methods/multistep.hpp"

namespace dimwise::ode {

namespace {

MultistepStep bdf_step(int order, const Past& past) {
  const double q = order;
  double alpha0 = 0, inverse_sum = 0;  // −Σ 1/j and Σ 1/past_j
  std::vector<double> l{1};
  for (int j = 1; j < order; ++j) {
    const double inverse = 1 / past[static_cast<size_t>(j) - 1];
    alpha0 -= 1.0 / j;
    inverse_sum += inverse;
    l = times_linear(l, 1, inverse);
  }
  alpha0 -= 1 / q;
  // The last zero is placed so that l'(0) = Σ 1/j, for any previous steps.
  const double last_inverse = 1 / past[static_cast<size_t>(order) - 1], shifted = -alpha0 - inverse_sum;
  MultistepStep step;
  step.l = times_linear(l, 1, shifted);
  const double alpha_hat = -inverse_sum - last_inverse;
  const double a1 = 1 - alpha_hat + alpha0, a2 = 1 + q * a1;
  step.error = std::abs(a1 / (alpha0 * a2));
  step.ratio = std::abs(a2 * shifted / (step.l.back() * last_inverse));
  if (order > 1) {
    const double c = shifted / step.l.back(), a3 = alpha0 + 1 / q, a4 = alpha_hat + last_inverse;
    step.lower = std::abs(c * (1 - a4 + a3) / a3);
  }
  if (past.size() > static_cast<size_t>(order)) {
    const double inverse = 1 / past[static_cast<size_t>(order)];
    const double a5 = alpha0 - 1 / (q + 1), a6 = alpha_hat - inverse;
    step.higher = std::abs((1 - a6 + a5) / a2 / (inverse * (q + 2) * a5));
  }
  return step;
}

// x² Π (x + past_j): keeps y and y' at t1, and y at the points that the lower order keeps.
std::vector<double> bdf_lower(int order, const Past& past) {
  std::vector<double> p{0, 0, 1};
  for (int j = 0; j < order - 2; ++j) p = times_linear(p, past[static_cast<size_t>(j)], 1);
  return p;
}

std::vector<double> bdf_raise(int order, const Past& past) {
  std::vector<double> p{0, 0, 1};
  double harmonic = 1, inverse_sum = 1, product = 1;  // over the points of the higher order
  for (int j = 1; j < order; ++j) {
    p = times_linear(p, past[static_cast<size_t>(j) - 1], 1);
    harmonic += 1.0 / (j + 1);
    inverse_sum += 1 / past[static_cast<size_t>(j)];
    product *= past[static_cast<size_t>(j)];
  }
  for (double& coefficient : p) coefficient *= (harmonic - inverse_sum) / product;
  return p;
}

}  // namespace

const MultistepFamily& bdf_family() {
  static const MultistepFamily family{"bdf", 5, true, false, bdf_step, bdf_lower, bdf_raise};
  return family;
}

}  // namespace dimwise::ode
