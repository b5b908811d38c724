#include "hollow/ode/methods/runge_kutta_step.hpp"

#include <cmath>

#include "hollow/ode/detail/system.hpp"
#include "ops/linear_combination.hpp"

namespace dimwise::ode {

// y + h Σ_j weights_j k_j over the given weights, with the large term last.
State RungeKuttaStep::moved(const std::vector<double>& weights, bool skip_quadratures) const {
  State result;
  std::vector<Tensor> terms;
  std::vector<double> numbers;
  for (size_t i = 0; i < y.size(); ++i) {
    terms.clear();
    numbers.clear();
    if (!(skip_quadratures && !quadratures.empty() && quadratures[i]))
      for (size_t j = 0; j < weights.size(); ++j) {
        if (weights[j] == 0) continue;
        terms.push_back(k[j][i]);
        numbers.push_back(h() * weights[j]);
      }
    if (terms.empty()) {
      result.push_back(y[i]);
      continue;
    }
    terms.push_back(y[i]);
    numbers.push_back(1);
    result.push_back(linear_combination(terms, numbers));
  }
  return result;
}

void RungeKuttaStep::evaluate(size_t end, const Field& f) {
  for (size_t s = k.size(); s < end; ++s) {
    const double c = tableau->c[s];
    State argument = tableau->fsal && s + 1 == tableau->stages() ? y1 : moved(tableau->a[s], true);
    k.push_back(f(c == 1 ? t1 : t + c * h(), argument));
    if (s + 2 == tableau->stages()) last_argument = std::move(argument);
  }
}

void RungeKuttaStep::advance(const Field& f) {
  evaluate(tableau->stages() - (tableau->fsal ? 1 : 0), f);
  y1 = moved(tableau->b, false);
}

State RungeKuttaStep::estimate(const std::vector<double>& weights) const {
  std::vector<const State*> states;
  std::vector<double> scaled;
  for (size_t j = 0; j < weights.size(); ++j) {
    states.push_back(&k[j]);
    scaled.push_back(h() * weights[j]);
  }
  return combination(states, scaled);
}

Interpolant RungeKuttaStep::interpolant(const Field& f) {
  const size_t stages = tableau->c.size();
  evaluate(stages, f);
  Interpolant interpolant{t, t1, t, h(), {}, {}};
  for (size_t s = 0; s < stages; ++s) {
    if (tableau->interpolant[s].empty()) continue;
    interpolant.v.push_back(k[s]);
    interpolant.p.push_back({0});
    for (const double coefficient : tableau->interpolant[s]) interpolant.p.back().push_back(h() * coefficient);
  }
  interpolant.v.push_back(y);
  interpolant.p.push_back({1});
  return interpolant;
}

double combined_error(double size, double low) {
  return size == 0 ? 0 : size * size / std::sqrt(size * size + 0.01 * low * low);
}

}  // namespace dimwise::ode
