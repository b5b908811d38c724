#include "hollow/ode/implicit/automatic.hpp"

#include <algorithm>
#include <cmath>

#include "ops/arithmetic.hpp"

namespace dimwise::ode {

namespace {
constexpr int64_t largest_dense = 200;
constexpr int power_iterations = 5;
}  // namespace

std::string whole_jacobian(int64_t n) { return n > largest_dense ? "newton_krylov" : "newton"; }

double neglected(const System& system, const std::function<Tensor(const Tensor&)>& product, const Tensor& diagonal,
                 const Tensor& scale, const Tensor& start, const Tensor& weights) {
  Tensor v = start;
  double first = 0, last = 0;
  for (int i = 0; i < power_iterations; ++i) {
    v = scale * (product(v) - diagonal * v);
    last = system.unknown_norm({v}, {weights});
    if (last == 0) return 0;
    if (i == 0) first = last;
  }
  return std::pow(last / first, 1.0 / (power_iterations - 1));
}

bool diagonal_serves(double neglected, int64_t n) {
  return neglected <= std::clamp(static_cast<double>(n) / 200, 0.05, 0.3);
}

}  // namespace dimwise::ode
