#include "nn/distributions/mixture.hpp"

#include "autodiff/context.hpp"
#include "nn/detail/axis.hpp"
#include "nn/distributions/detail/categorical.hpp"
#include "nn/distributions/normal.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

namespace {
void check_components(const GaussianMixture& m) {
  const int64_t k = m.mean.rank() == 2 ? m.mean.dim(0) : 0;
  if (k == 0 || m.logits.shape() != Shape{k} ||
      broadcast("gaussian_mixture", m.mean.shape(), m.log_scale.shape()) != m.mean.shape())
    fail<ShapeError>("gaussian_mixture", "logits, mean and log_scale have shapes ", m.logits.shape(), ", ",
                     m.mean.shape(), " and ", m.log_scale.shape(), ", expected (k), (k, d) and (k, d).");
}
}  // namespace

Tensor GaussianMixture::log_prob(const Tensor& x) const {
  check_components(*this);
  detail::check_last_axis("gaussian_mixture", x, mean.dim(-1));
  const Tensor each = DiagonalNormal{mean, log_scale}.log_prob(unsqueeze(x, -2));
  return logsumexp(log_softmax(logits) + each, {-1});
}

Tensor GaussianMixture::sample(const Rng& rng, int64_t n) const {
  check_components(*this);
  const std::vector<int64_t> which =
      detail::draw_categorical("gaussian_mixture", rng.split("component"), unsqueeze(logits, 0), n);
  const NoGrad guard;
  return DiagonalNormal{index_select(mean, 0, which), index_select(log_scale, 0, which)}.sample(rng.split("noise"));
}

}  // namespace dimwise
