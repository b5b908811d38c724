#include "nn/distributions/multivariate_normal.hpp"

#include <cmath>

#include "autodiff/context.hpp"
#include "nn/detail/axis.hpp"
#include "nn/distributions/normal.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/linalg.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

MultivariateNormal MultivariateNormal::fit(const Tensor& data, double ridge) {
  if (data.rank() != 2 || data.dim(0) == 0 || data.dim(1) == 0)
    fail<ShapeError>("gaussian", "the data has shape ", data.shape(), ". It must be (n, d).");
  const NoGrad guard;
  const int64_t d = data.dim(1);
  const auto [center, moved] = detail::moments(astype(data, DType::float64), 0);
  const Tensor covariance =
      matmul(moved, moved, {.transpose_a = true}) / static_cast<double>(data.dim(0)) + ridge * eye(d, DType::float64);
  const Tensor deviation = sqrt(diagonal(covariance)), column = unsqueeze(deviation, 1);
  // The Cholesky factor of the correlations has rows of length 1. Its diagonal tells, whatever the columns' units, what
  // part of a column's deviation the columns before it leave unexplained.
  const std::vector<double> deviations = deviation.values();
  for (size_t i = 0; i < deviations.size(); ++i)
    if (!(deviations[i] > 0 && std::isfinite(deviations[i])))
      fail<ValueError>("gaussian", "column ", i + 1, " of the data has the standard deviation ", deviations[i],
                       ". Drop columns that are constant and rows that are not finite, or set ridge.");
  const auto dependent = [&](const std::string& which) {
    fail<ValueError>("gaussian", which,
                     " of the data is a linear combination of the others to one part in 10⁶, so the covariance is "
                     "singular. Drop it, or set ridge.");
  };
  Tensor correlations;
  try {
    correlations = cholesky(covariance / column / deviation);
  } catch (const ValueError&) {
    dependent("a column");
  }
  const std::vector<double> unexplained = diagonal(correlations).values();
  for (size_t i = 0; i < unexplained.size(); ++i)
    if (!(unexplained[i] > 1e-6)) dependent("column " + std::to_string(i + 1));
  return {{astype(squeeze(center, 0), data.dtype())}, {astype(correlations * column, data.dtype())}};
}

Tensor MultivariateNormal::log_prob(const Tensor& x) const {
  const int64_t d = mean.value.dim(0);
  detail::check_last_axis("gaussian", x, d);
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
