#include "nn/linear.hpp"

#include <algorithm>
#include <cmath>

#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

Linear::Linear(int64_t in, int64_t out, const Rng& rng, DType dtype, bool with_bias) {
  if (in < 0 || out < 0) fail<ShapeError>("Linear", in, " inputs and ", out, " outputs. Both must be at least 0.");
  const double bound = 1 / std::sqrt(static_cast<double>(std::max<int64_t>(in, 1)));
  weight = rng.split("weight").uniform({out, in}, dtype, -bound, bound);
  if (with_bias) bias = rng.split("bias").uniform({out}, dtype, -bound, bound);
}

Tensor Linear::operator()(const Tensor& x) const { return linear(x, weight, bias); }

MaskedLinear::MaskedLinear(const Tensor& mask_values, const Rng& rng, DType dtype) : mask{astype(mask_values, dtype)} {
  const int64_t out = mask_values.dim(0), in = mask_values.dim(1);
  const Linear plain(in, out, rng, dtype);
  // Each row is scaled by its number of unmasked inputs, so that a unit with few inputs does not have a small output.
  const Tensor seen = maximum(sum(mask.value, {1}, true), scalar(1, dtype));
  weight = plain.weight * sqrt(static_cast<double>(in) / seen) * mask.value;
  bias = plain.bias;
}

PreparedLinear MaskedLinear::prepare() const { return {weight * mask.value, bias, mask_blocks(mask.value)}; }

Tensor PreparedLinear::operator()(const Tensor& x) const {
  return blocks ? block_linear(x, weight, bias, blocks) : linear(x, weight, bias);
}

}  // namespace dimwise
