#include "nn/detail/axis.hpp"

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::detail {

void check_last_axis(const char* where, const Tensor& x, int64_t d) {
  if (x.rank() == 0 || x.dim(-1) != d)
    fail<ShapeError>(where, "x has shape ", x.shape(), ". Its last axis must have length ", d, '.');
}

Moments moments(const Tensor& x, int axis) {
  const Tensor first = stop_gradient(slice(x, axis, 0, 1)), moved = x - first,
               mean = dimwise::mean(moved, {axis}, true);
  return {first + mean, moved - mean};
}

}  // namespace dimwise::detail
