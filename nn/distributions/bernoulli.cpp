#include "nn/distributions/bernoulli.hpp"

#include <limits>

#include "nn/detail/axis.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

namespace {
// x·y, and 0 where x is 0 though y is infinite.
Tensor times_logarithm(const Tensor& x, const Tensor& y) {
  return where(
      equal(x, scalar(0, x.dtype())) * equal(abs(y), scalar(std::numeric_limits<double>::infinity(), y.dtype())), 0.0,
      x * y);
}
}  // namespace

Tensor Bernoulli::log_prob(const Tensor& x) const {
  detail::check_last_axis("bernoulli", x, logits.rank() == 0 ? 1 : logits.dim(-1));
  // Two terms that do not cancel, however large a logit is.
  return sum(times_logarithm(x, log_sigmoid(logits)) + times_logarithm(1.0 - x, log_sigmoid(-logits)), {-1});
}

Tensor Bernoulli::sample(const Rng& rng, const Shape& shape) const {
  Shape full = shape;
  for (const int64_t n : logits.shape()) full.push_back(n);
  return less(rng.uniform(full, logits.dtype()), stop_gradient(mean()));
}

Tensor Bernoulli::mean() const { return sigmoid(logits); }

Tensor Bernoulli::entropy() const {
  // With |logits|, neither term is large when their difference is small.
  const Tensor l = abs(logits);
  return sum(softplus(-l) + times_logarithm(sigmoid(-l), l), {-1});
}

}  // namespace dimwise
