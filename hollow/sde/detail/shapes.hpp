#pragma once

#include "autodiff/tensor.hpp"

namespace dimwise::detail {

/// Throws ShapeError, with both, unless x has shape (n, d) and t shape (n, 1), or 0-d for one time.
void check_points(const char* where, const Tensor& t, const Tensor& x);
/// Throws ShapeError, with both shapes, unless `given` has the expected one. `name` is what the caller gave.
void check_shape(const char* where, const char* name, const Tensor& given, const Shape& expected);

}  // namespace dimwise::detail
