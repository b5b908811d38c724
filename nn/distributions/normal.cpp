#include "nn/distributions/normal.hpp"

#include <cmath>

#include "nn/detail/axis.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

Tensor StandardNormal::log_prob(const Tensor& x) const {
  detail::check_last_axis("standard_normal", x, d);
  return -0.5 * sum(square(x), {-1}) - 0.5 * static_cast<double>(d) * log_2pi;
}

Tensor StandardNormal::sample(const Rng& rng, const Shape& shape, DType dtype) const {
  return rng.normal(shape.with(shape.rank(), d), dtype);
}

double StandardNormal::entropy() const { return 0.5 * static_cast<double>(d) * (1 + log_2pi); }

Tensor DiagonalNormal::log_prob(const Tensor& x) const {
  const Shape event = broadcast("normal", mean.shape(), log_scale.shape());
  detail::check_last_axis("normal", x, event.rank() == 0 ? 1 : event.dim(-1));
  // Divided twice by the root of the scale, which is finite and not 0 also where the scale is not.
  const Tensor root = exp(0.5 * log_scale), z = (x - mean) / root / root;
  // Broadcast to z, so that a scale shared by several dimensions is counted for each.
  return -sum(0.5 * square(z) + log_scale + 0.5 * log_2pi, {-1});
}

Tensor DiagonalNormal::sample(const Rng& rng, const Shape& shape, int64_t first_row) const {
  Shape full = shape;
  for (const int64_t n : broadcast("normal", mean.shape(), log_scale.shape())) full.push_back(n);
  return mean + exp(log_scale) * rng.normal(full, mean.dtype(), first_row * full.inner(0));
}

Tensor DiagonalNormal::entropy() const {
  const Shape shape = broadcast("normal", mean.shape(), log_scale.shape());
  return sum(broadcast_to(log_scale, shape) + 0.5 * (1 + log_2pi), {-1});
}

}  // namespace dimwise
