#include "nn/distributions/bernoulli.hpp"

#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

Tensor Bernoulli::log_prob(const Tensor& x) const { return sum(x * logits - softplus(logits), {-1}); }

Tensor Bernoulli::sample(const Rng& rng, const Shape& shape) const {
  Shape full = shape;
  for (const int64_t n : logits.shape()) full.push_back(n);
  return less(rng.uniform(full, logits.dtype()), stop_gradient(mean()));
}

Tensor Bernoulli::mean() const { return sigmoid(logits); }

Tensor Bernoulli::entropy() const {
  // With |logits|, neither term is large when their difference is small.
  const Tensor l = abs(logits);
  return sum(softplus(-l) + l * sigmoid(-l), {-1});
}

}  // namespace dimwise
