#pragma once

#include "autodiff/tensor.hpp"

namespace dimwise {

// Reductions over given axes (negative ones count from the end), or over all. With `keepdims` the axes stay, with
// length 1. Throw ShapeError for an axis that is not there or is named twice.

using Axes = Shape;

/// Σ x.
Tensor sum(const Tensor& x);
Tensor sum(const Tensor& x, const Axes& axes, bool keepdims = false);
/// Σ x / n. Throws ShapeError for an axis of length 0.
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, const Axes& axes, bool keepdims = false);
/// Π x; 1 of nothing. The derivative is right where elements are 0.
Tensor prod(const Tensor& x);
Tensor prod(const Tensor& x, const Axes& axes, bool keepdims = false);
/// The largest element; the derivative is shared equally among ties. NaN where an element is NaN, with derivatives NaN.
/// Throws ShapeError for an axis of length 0.
Tensor max(const Tensor& x);
Tensor max(const Tensor& x, const Axes& axes, bool keepdims = false);
/// The smallest element.
Tensor min(const Tensor& x);
Tensor min(const Tensor& x, const Axes& axes, bool keepdims = false);
/// ln Σ eˣ, without overflow; −∞ with zero gradient where every x is −∞, ∞ with zero gradient where one is ∞, NaN where
/// one is NaN. Throws ShapeError for an axis of length 0, as do softmax and log_softmax.
Tensor logsumexp(const Tensor& x, const Axes& axes, bool keepdims = false);
/// eˣ / Σ eˣ; NaN, as its gradient, along an axis where one x is NaN or ∞ or every x is −∞.
Tensor softmax(const Tensor& x, int axis = -1);
/// x − ln Σ eˣ; NaN where softmax is.
Tensor log_softmax(const Tensor& x, int axis = -1);
/// √Σ x², without overflow or underflow of the squares; 0 of nothing. The gradient is 0 where the norm is 0 or ∞.
Tensor norm(const Tensor& x, const Axes& axes, bool keepdims = false);
/// y_k = x_1 + … + x_k along an axis; from the end if `reverse`.
Tensor cumsum(const Tensor& x, int axis = -1, bool reverse = false);
/// y_k = x_1 ⋯ x_k along an axis; from the end if `reverse`. The derivative is right where elements are 0.
Tensor cumprod(const Tensor& x, int axis = -1, bool reverse = false);

}  // namespace dimwise
