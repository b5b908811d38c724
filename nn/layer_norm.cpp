#include "nn/layer_norm.hpp"

#include "autodiff/basic.hpp"
#include "nn/detail/axis.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

Tensor LayerNorm::operator()(const Tensor& x) const {
  detail::check_last_axis("layer_norm", x, weight.dim(0));
  const Tensor centered = detail::moments(x, -1).centered;
  // y does not depend on the scale, of numbers whose squares would overflow, or without eps underflow.
  const Tensor largest = max(abs(stop_gradient(centered)), {-1}, true);
  const Tensor scale = where(largest > (eps > 0 ? 1.0 : 0.0), largest, 1.0), scaled = centered / scale;
  return scaled * rsqrt(mean(square(scaled), {-1}, true) + eps / scale / scale) * weight + bias;
}

}  // namespace dimwise
