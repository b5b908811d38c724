#include "nn/distributions/mixture.hpp"

#include <algorithm>

#include "autodiff/context.hpp"
#include "nn/distributions/normal.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

Tensor GaussianMixture::log_prob(const Tensor& x) const {
  if (x.rank() == 0 || x.dim(-1) != mean.dim(-1))
    fail<ShapeError>("gaussian_mixture", "x has shape ", x.shape(), ". Its last axis must have length ", mean.dim(-1),
                     '.');
  const Tensor each = DiagonalNormal{mean, log_scale}.log_prob(unsqueeze(x, -2));
  return logsumexp(log_softmax(logits) + each, {-1});
}

Tensor GaussianMixture::sample(const Rng& rng, int64_t n) const {
  const NoGrad guard;
  const std::vector<double> ends = cumsum(softmax(logits)).values();
  std::vector<int64_t> which;
  for (const double u : rng.split("component").uniforms(n)) {
    const auto at = std::upper_bound(ends.begin(), ends.end(), u) - ends.begin();
    which.push_back(std::min<int64_t>(at, static_cast<int64_t>(ends.size()) - 1));
  }
  return DiagonalNormal{index_select(mean, 0, which), index_select(log_scale, 0, which)}.sample(rng.split("noise"));
}

}  // namespace dimwise
