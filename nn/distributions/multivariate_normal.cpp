#include "nn/distributions/multivariate_normal.hpp"

#include <cmath>

#include "autodiff/context.hpp"
#include "nn/distributions/normal.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/linalg.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

namespace {}

MultivariateNormal MultivariateNormal::fit(const Tensor& data, double ridge) {
  if (data.rank() != 2 || data.dim(0) == 0 || data.dim(1) == 0)
    fail<ShapeError>("gaussian", "the data has shape ", data.shape(), ". It must be (n, d).");
  const NoGrad guard;
  const int64_t d = data.dim(1);
  const Tensor x = astype(data, DType::float64);
  const Tensor center = dimwise::mean(x, {0}), moved = x - center;
  const Tensor covariance = matmul(moved, moved, {.transpose_a = true}) / static_cast<double>(data.dim(0));
  const Tensor l = cholesky(covariance + ridge * eye(d, DType::float64));
  return {{astype(center, data.dtype())}, {astype(l, data.dtype())}};
}

Tensor MultivariateNormal::log_prob(const Tensor& x) const {
  const int64_t d = mean.value.dim(0);
  if (x.rank() == 0 || x.dim(-1) != d)
    fail<ShapeError>("gaussian", "x has shape ", x.shape(), ". Its last axis must have length ", d, '.');
  const Tensor moved = reshape(x - mean.value, {x.shape().outer(x.rank() - 1), d});
  const Tensor z = triangular_solve(scale_tril.value, transpose(moved));
  const Tensor squares = reshape(sum(square(z), {0}), x.shape().without(x.rank() - 1));
  return -0.5 * squares - sum(log(diagonal(scale_tril.value))) - 0.5 * static_cast<double>(d) * log_2pi;
}

Tensor MultivariateNormal::sample(const Rng& rng, const Shape& shape) const {
  const Tensor noise = rng.normal(shape.with(shape.rank(), mean.value.dim(0)), mean.value.dtype());
  return linear(noise, scale_tril.value, mean.value);
}

Tensor MultivariateNormal::entropy() const {
  return sum(log(diagonal(scale_tril.value))) + 0.5 * static_cast<double>(mean.value.dim(0)) * (1 + log_2pi);
}

}  // namespace dimwise
