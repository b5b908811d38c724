#pragma once

#include "autodiff/tape.hpp"

namespace dimwise {

/// ∂F_i/∂y_j of a recorded F(y), both of shape (…, n), whose rows are independent of each other: shape (…, n, n).
///
/// Untracked. Cost: n pulls of the tape, whatever the number of rows. Throws ShapeError unless the tape leads from one
/// tensor with an axis to one of its shape.
///
/// Example: `const Tensor y = track(y0); Tensor j = row_jacobian(Tape({residual(y)}, {y}));`
Tensor row_jacobian(const Tape& tape);

/// Whether the rows of a recorded F(y) are independent of each other, as `row_jacobian` takes them to be: compares
/// wᵀ ∂F/∂y for one random w with the product of its Jacobian, row by row. Cost: one pull, nothing for a single row.
bool rows_are_independent(const Tape& tape, const Tensor& row_jacobian);

}  // namespace dimwise
