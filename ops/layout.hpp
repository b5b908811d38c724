#pragma once

#include <vector>

#include "autodiff/basic.hpp"

namespace dimwise {

// Moving elements about. Axes count from the end when negative. All throw ShapeError.

/// The axes in another order; without one, the last two swapped.
Tensor transpose(const Tensor& x);
Tensor transpose(const Tensor& x, const Shape& order);
/// Tensors one after the other along an axis; all other lengths equal.
Tensor concat(const std::vector<Tensor>& parts, int axis = -1);
/// Tensors of one shape along a new axis.
Tensor stack(const std::vector<Tensor>& parts, int axis);
/// Elements start, start + step, … before stop along an axis; negative start and stop count from the end, step > 0.
Tensor slice(const Tensor& x, int axis, int64_t start, int64_t stop, int64_t step = 1);
/// Element i along an axis, which is dropped.
Tensor select(const Tensor& x, int axis, int64_t i);
/// `before` and `after` more elements along an axis, and `between` more between neighbors, all of one value.
Tensor pad(const Tensor& x, int axis, int64_t before, int64_t after, double value = 0, int64_t between = 0);
/// The elements along an axis from last to first.
Tensor flip(const Tensor& x, int axis);
/// Zero below, or above, diagonal k of the last two axes.
Tensor triu(const Tensor& x, int64_t k = 0);
Tensor tril(const Tensor& x, int64_t k = 0);
/// The main diagonal of the last two axes, which become one.
Tensor diagonal(const Tensor& x);
/// Zeros with x on the main diagonal of two new last axes: the adjoint of `diagonal` for a square.
Tensor diag_embed(const Tensor& x);
/// The values in another dtype; the derivative is cast back.
Tensor astype(const Tensor& x, DType dtype);
/// x with a new axis of length 1, and without one.
Tensor unsqueeze(const Tensor& x, int axis);
Tensor squeeze(const Tensor& x, int axis);

}  // namespace dimwise
