#include "nn/layer_norm.hpp"

#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

Tensor LayerNorm::operator()(const Tensor& x) const {
  if (x.rank() == 0 || x.dim(-1) != weight.dim(0))
    fail<ShapeError>("layer_norm", "x has shape ", x.shape(), ". Its last axis must have length ", weight.dim(0), '.');
  const Tensor centered = x - mean(x, {-1}, true);
  return centered * rsqrt(mean(square(centered), {-1}, true) + eps) * weight + bias;
}

}  // namespace dimwise
