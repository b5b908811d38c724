#pragma once

#include "autodiff/tensor.hpp"

namespace dimwise {

// A direction, cotangent or tangent, of a tensor may have any shape that broadcasts to the tensor's: the pull of ones
// through a whole network starts as one number, and grows only where an op makes it differ from element to element.

/// The adjoint of broadcasting from `shape` to `full`: a cotangent w that broadcasts to `full` becomes one that
/// broadcasts to `shape`. Axes of length 1 along which `full` is longer are multiplied, not repeated and summed.
Tensor unbroadcast(const Tensor& w, const Shape& full, const Shape& shape);
/// `unbroadcast` of a ⊙ b, in one pass over memory where nothing is recorded.
Tensor mul_to(const Tensor& a, const Tensor& b, const Shape& full, const Shape& shape);
/// A direction of a tensor of shape `from` as one of the same elements in shape `to`.
Tensor reshape_direction(const Tensor& w, const Shape& from, const Shape& to);

}  // namespace dimwise
