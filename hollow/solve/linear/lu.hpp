#pragma once

#include <algorithm>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// P A = L U, computed once, for many systems with the same matrix.
///
/// A has shape (…, n, n): one matrix for each row of the batch, or, with shape (n, n), one for all rows. Untracked, and
/// so are the solutions. Uses LAPACK's getrf and getrs; a solve allocates only the solution. Throws ShapeError.
///
/// Example: `const Lu lu(a); Tensor x = lu.solve(b), again = lu.solve(c);`
class Lu {
 public:
  explicit Lu(const Tensor& a);

  /// x of A x = b for b of shape (…, n). Throws ValueError when A is singular, ShapeError and DTypeError.
  Tensor solve(const Tensor& b) const { return solve(b, false); }
  /// x of Aᵀ x = b.
  Tensor solve_transposed(const Tensor& b) const { return solve(b, true); }
  /// Whether a pivot of any of the matrices is exactly 0.
  bool singular() const { return std::find(singular_.begin(), singular_.end(), true) != singular_.end(); }
  /// Whether a pivot of this one, counted through the batch, is.
  bool singular(int64_t matrix) const { return singular_[static_cast<size_t>(matrix)]; }

 private:
  Tensor solve(const Tensor& b, bool transposed) const;

  Tensor factors_;
  std::vector<int> pivots_;
  std::vector<bool> singular_;
};

}  // namespace dimwise
