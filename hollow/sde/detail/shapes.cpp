#include "hollow/sde/detail/shapes.hpp"

#include "autodiff/base/error.hpp"

namespace dimwise::detail {

void check_points(const char* where, const Tensor& t, const Tensor& x) {
  if (x.rank() != 2) fail<ShapeError>(where, "x has shape ", x.shape(), ". Give points of shape (n, d).");
  if (t.rank() > 0) check_shape(where, "t", t, {x.dim(0), 1});
}

void check_shape(const char* where, const char* name, const Tensor& given, const Shape& expected) {
  if (given.shape() != expected)
    fail<ShapeError>(where, name, " has shape ", given.shape(), ", expected ", expected, ". Reshape it.");
}

}  // namespace dimwise::detail
