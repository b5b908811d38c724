#pragma once

#include "autodiff/tensor.hpp"

namespace dimwise {

// Reductions over given axes (negative ones count from the end), or over all. With `keepdims` the axes are kept with
// length 1. Throw ShapeError for an axis that does not exist or occurs twice.

using Axes = Shape;

/// Σ x.
Tensor sum(const Tensor& x);
Tensor sum(const Tensor& x, const Axes& axes, bool keepdims = false);
/// Σ x / n. Throws ShapeError for an axis of length 0.
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, const Axes& axes, bool keepdims = false);
/// Π x; 1 if there are no elements. The derivative is correct even if elements are 0.
Tensor prod(const Tensor& x);
Tensor prod(const Tensor& x, const Axes& axes, bool keepdims = false);
/// The largest element; the derivative is shared equally among ties. NaN if an element is NaN, with derivatives NaN.
/// Throws ShapeError for an axis of length 0.
Tensor max(const Tensor& x);
Tensor max(const Tensor& x, const Axes& axes, bool keepdims = false);
/// The smallest element.
Tensor min(const Tensor& x);
Tensor min(const Tensor& x, const Axes& axes, bool keepdims = false);
/// ln Σ eˣ, without overflow; −∞ with zero gradient if every x is −∞, ∞ with zero gradient if one is ∞, NaN if one is
/// NaN. Throws ShapeError for an axis of length 0, as do softmax and log_softmax.
Tensor logsumexp(const Tensor& x, const Axes& axes, bool keepdims = false);
/// eˣ / Σ eˣ; NaN, like its gradient, along an axis on which one x is NaN or ∞ or every x is −∞.
Tensor softmax(const Tensor& x, int axis = -1);
/// x − ln Σ eˣ; NaN where softmax is.
Tensor log_softmax(const Tensor& x, int axis = -1);
/// √Σ x², without overflow or underflow of the squares; 0 if there are no elements. The gradient is 0 if the norm is 0
/// or ∞.
Tensor norm(const Tensor& x, const Axes& axes, bool keepdims = false);
/// y_k = x_1 + … + x_k along an axis; from the end if `reverse`.
Tensor cumsum(const Tensor& x, int axis = -1, bool reverse = false);
/// y_k = Σ_{j≠k} x_j along an axis, from sums that never contain x_k: y_k does not depend on it, not even by rounding.
Tensor sum_of_others(const Tensor& x, int axis = -1);
/// y_k = x_1 ⋯ x_k along an axis; from the end if `reverse`. The derivative is correct even if elements are 0.
Tensor cumprod(const Tensor& x, int axis = -1, bool reverse = false);

}  // namespace dimwise
