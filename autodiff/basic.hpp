#pragma once

#include "autodiff/op.hpp"

namespace dimwise {

// The ops that the sweeps need. All others are in ops/.

/// A new tensor equal to x: a recorded identity if x is tracked, otherwise a tracked leaf.
Tensor alias(const Tensor& x);
/// The values of x as a constant: a leaf at which sweeps of all orders stop.
///
/// Example: `auto g = grad(sum(x * stop_gradient(x)), {x});` gives x, not 2x.
Tensor stop_gradient(const Tensor& x);
/// −x.
Tensor neg(Tensor x);
/// a + b, broadcast as in NumPy. Throws ShapeError.
Tensor add(Tensor a, Tensor b);
/// a ⊙ b, broadcast as in NumPy. Throws ShapeError.
Tensor mul(Tensor a, Tensor b);
/// s·x for a number s, in x's dtype.
Tensor scale(Tensor x, double s);
/// x / s, rounded once.
Tensor divide(Tensor x, double s);
/// x repeated along new or length-1 axes. Throws ShapeError.
Tensor broadcast_to(const Tensor& x, const Shape& shape);
/// The adjoint of broadcast_to: x summed down to `shape`. Throws ShapeError.
Tensor sum_to(const Tensor& x, const Shape& shape);
/// The same elements in another shape; one length may be -1. Shares memory. Throws ShapeError.
Tensor reshape(const Tensor& x, const Shape& shape);
/// Casts to another dtype; the derivative is cast back.
Tensor astype(const Tensor& x, DType dtype);

/// Tensors of equal shape s as the rows of a tensor of shape (n, s…). Throws ShapeError.
Tensor stack(const std::vector<Tensor>& rows);
/// Row i along the first axis.
Tensor row(const Tensor& x, int64_t i);
/// The adjoint of row: n rows of zeros with x as row i.
Tensor place_row(const Tensor& x, int64_t i, int64_t n);

extern const Op alias_op, neg_op, scale_op, add_op, mul_op, broadcast_to_op, sum_to_op, reshape_op, astype_op, stack_op,
    row_op, place_row_op, cotangent_mul_op;

/// The index of the first NaN or infinity of x, or −1.
int64_t first_non_finite(const Tensor& x);

/// acc += x, in place if acc is not shared. An undefined acc means zero.
void accumulate(Tensor& acc, Tensor x);

}  // namespace dimwise
