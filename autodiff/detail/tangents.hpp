#pragma once

#include "autodiff/tensor.hpp"

namespace dimwise {

// A direction, cotangent or tangent, of a tensor may have any shape that broadcasts to the tensor's: the pull of ones
// through a network starts as one number, and is expanded only by an op that makes its elements differ.

/// The adjoint of broadcasting from `shape` to `full`: a cotangent w that broadcasts to `full` becomes one that
/// broadcasts to `shape`. Axes of w of length 1 along which `full` is longer are multiplied by that length, not
/// repeated and summed.
Tensor unbroadcast(const Tensor& w, const Shape& full, const Shape& shape);
/// w ⊙ d for a cotangent w and a derivative d, and 0 wherever w is 0, for any d: the infinite derivative of an element
/// that `where` did not choose gives no NaN.
Tensor cotangent_mul(const Tensor& w, const Tensor& d);
/// `unbroadcast` of `cotangent_mul`, in one pass over memory if nothing is recorded.
Tensor cotangent_mul_sum_to(const Tensor& w, const Tensor& d, const Shape& full, const Shape& shape);
/// A direction of a tensor of shape `from`, reshaped with the tensor to shape `to`.
Tensor reshape_tangent(const Tensor& w, const Shape& from, const Shape& to);

}  // namespace dimwise
