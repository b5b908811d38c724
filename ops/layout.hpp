#pragma once

#include <vector>

#include "autodiff/basic.hpp"

namespace dimwise {

// Ops that rearrange elements. Negative axes count from the end. All throw ShapeError.

/// Permutes the axes; without an order, swaps the last two.
Tensor transpose(const Tensor& x);
Tensor transpose(const Tensor& x, const Shape& order);
/// Concatenates tensors along an axis; all other lengths must be equal.
Tensor concat(const std::vector<Tensor>& parts, int axis = -1);
/// Stacks tensors of equal shape along a new axis.
Tensor stack(const std::vector<Tensor>& parts, int axis);
/// Elements start, start + step, … before stop along an axis; negative start and stop count from the end, step > 0.
Tensor slice(const Tensor& x, int axis, int64_t start, int64_t stop, int64_t step = 1);
/// Element i along an axis, which is dropped.
Tensor select(const Tensor& x, int axis, int64_t i);
/// Adds `before` and `after` elements along an axis, and `between` elements between neighbors, all equal to `value`.
Tensor pad(const Tensor& x, int axis, int64_t before, int64_t after, double value = 0, int64_t between = 0);
/// The elements along an axis from last to first.
Tensor flip(const Tensor& x, int axis);
/// Sets elements below, or above, diagonal k of the last two axes to zero.
Tensor triu(const Tensor& x, int64_t k = 0);
Tensor tril(const Tensor& x, int64_t k = 0);
/// The main diagonal of the last two axes, which are replaced by one.
Tensor diagonal(const Tensor& x);
/// Zeros with x on the main diagonal of two new last axes: the adjoint of `diagonal` for a square.
Tensor diag_embed(const Tensor& x);
/// Inserts an axis of length 1, and removes one.
Tensor unsqueeze(const Tensor& x, int axis);
Tensor squeeze(const Tensor& x, int axis);

}  // namespace dimwise
