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

}  // namespace dimwise
