#include "hollow/ode/problems/detail/orbit.hpp"

#include <cmath>

#include "hollow/ode/problems/detail/terms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::ode::problems {

OdeTerm orbit_term() {
  return term_of(
      [](const Tensor&, const Tensor& y) {
        const int64_t n = y.dim(-1) / 2;
        const Tensor x = slice(y, -1, 0, n), inverse = rsqrt(sum(square(x), {-1}, true));
        return concat({slice(y, -1, n, 2 * n), -(x * (inverse * inverse * inverse))});
      },
      nullptr);
}

std::vector<double> orbit(double e, double t) {
  const double mean = std::remainder(t, 2 * std::acos(-1.0));
  double u = mean + std::copysign(0.85 * e, mean);  // from here Newton converges for every e < 1 (Danby 1987)
  for (int i = 0; i < 30; ++i) u -= (u - e * std::sin(u) - mean) / (1 - e * std::cos(u));
  const double b = std::sqrt((1 - e) * (1 + e)), rate = 1 / (1 - e * std::cos(u));
  return {std::cos(u) - e, b * std::sin(u), -std::sin(u) * rate, b * std::cos(u) * rate};
}

}  // namespace dimwise::ode::problems
