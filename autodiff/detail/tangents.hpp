#pragma once

#include "autodiff/tensor.hpp"

namespace dimwise {

// A direction, cotangent or tangent, of a tensor may have any shape that broadcasts to the tensor's: the pull of ones
// through a whole network starts as one number, and grows only where an op makes it differ from element to element.

/// The adjoint of broadcasting from `shape` to `full`: a cotangent w that broadcasts to `full` becomes one that
/// broadcasts to `shape`. Axes of length 1 along which `full` is longer are multiplied, not repeated and summed.
Tensor unbroadcast(const Tensor& w, const Shape& full, const Shape& shape);
/// w ⊙ d for a cotangent w and a derivative d, and 0 where w is 0, whatever d is: where `where` did not choose an
/// element, its infinite derivative makes no NaN.
Tensor cotangent_mul(const Tensor& w, const Tensor& d);
/// `unbroadcast` of `cotangent_mul`, in one pass over memory where nothing is recorded.
Tensor cotangent_mul_sum_to(const Tensor& w, const Tensor& d, const Shape& full, const Shape& shape);
/// A direction of a tensor of shape `from` as one of the same elements in shape `to`.
Tensor reshape_tangent(const Tensor& w, const Shape& from, const Shape& to);

}  // namespace dimwise
