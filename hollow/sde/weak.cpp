#include "hollow/sde/weak.hpp"

#include <numbers>

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"
#include "hollow/sde/detail/shapes.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

TestFunctions::TestFunctions(int64_t k, int64_t d, double length, const Rng& rng, DType dtype)
    : b(rng.split("phase").uniform({k}, dtype, 0, 2 * std::numbers::pi)) {
  std::vector<double> all = rng.split("w").normals(k * d);
  const std::vector<int64_t> first = rng.split("first").integers(k, d), second = rng.split("second").integers(k, d);
  for (int64_t row = 0; row < k; ++row)
    for (int64_t i = 0; i < d; ++i) {
      const auto at = static_cast<size_t>(row);
      const bool used = d <= 2 || i == first[at] || i == second[at];
      all[at * static_cast<size_t>(d) + static_cast<size_t>(i)] *= used ? 1 / length : 0;
    }
  w = tensor(all, {k, d}, dtype);
  weight = 1 / (1 + 0.5 * sum(square(w), {-1}));
}

Tensor weak_residuals(const Sde& sde, const Tensor& rate, const Tensor& t, const Tensor& x,
                      const TestFunctions& functions) {
  detail::check_points("weak_residuals", t, x);
  detail::check_shape("weak_residuals", "rate", rate, {x.dim(0)});
  const Tensor f = sde.drift(t, x, 0)[0], g = sde.diffusion(t, x, 0)[0];
  const Tensor& w = functions.w;
  const Tensor phase = matmul(x, transpose(w)) + functions.b;
  return functions.weight * (cos(phase) * (unsqueeze(rate, -1) + 0.5 * matmul(square(g), transpose(square(w)))) +
                             sin(phase) * matmul(f, transpose(w)));
}

Tensor weak_residual(const Sde& sde, const DensityDerivatives& p, const Tensor& t, const Tensor& x, int64_t laws,
                     const TestFunctions& functions) {
  const int64_t half = laws < 1 ? 0 : x.dim(0) / (2 * laws);
  if (half == 0 || half * 2 * laws != x.dim(0))
    fail<ShapeError>("weak_residual", x.dim(0), " points are not ", laws,
                     " runs of equal even length. Give an even number of points per law.");
  Tensor each = weak_residuals(sde, p.time, t, x, functions);
  // The mean over p of a fixed function depends on p although the points are fixed: weight by the ratio of p to its
  // value.
  if (p.log_prob.tracked()) each = each * unsqueeze(exp(p.log_prob - stop_gradient(p.log_prob)), -1);
  const Tensor r = mean(reshape(each, {laws, 2, half, functions.b.dim(0)}), {2});
  return mean(select(r, 1, 0) * select(r, 1, 1));
}

}  // namespace dimwise
