#pragma once

#include <memory>

#include "hollow/solve/linear/sparse_matrix.hpp"

namespace dimwise {

/// P A Q = L U of a sparse matrix, computed once, for many systems with the same matrix.
///
/// A has values of shape (…, nonzeros): one matrix for each row of the batch, or, with shape (nonzeros), one for all
/// rows. Factors are float64, whatever the dtype. A narrow band is factored as such, by LAPACK's gbtrf; any other
/// pattern by SuiteSparse's KLU, with columns ordered by approximate minimum degree. Davis & Palamadai Natarajan,
/// Algorithm 907: KLU (2010). Untracked, and so are the solutions. Throws ShapeError if the values do not fit the
/// pattern.
///
/// Example: `const SparseLu lu({SparsityPattern::banded(3, 0, 1), tensor({2, 1, 2, 1, 2})}); Tensor x = lu.solve(b);`
class SparseLu {
 public:
  explicit SparseLu(const SparseMatrix& a);
  ~SparseLu();
  SparseLu(SparseLu&&) noexcept;
  SparseLu& operator=(SparseLu&&) noexcept;

  /// Factors of other matrices of the same pattern: order, memory and, as long as they are accurate, pivots are kept.
  /// Throws ValueError for another pattern.
  void refactor(const SparseMatrix& a);
  /// x of A x = b for b of shape (…, n). Throws ValueError when A is singular, ShapeError and DTypeError.
  Tensor solve(const Tensor& b) const { return solve(b, false); }
  /// x of Aᵀ x = b.
  Tensor solve_transposed(const Tensor& b) const { return solve(b, true); }
  /// Whether a pivot of any of the matrices is exactly 0.
  bool singular() const;
  const SparsityPattern& pattern() const;
  /// Whether the pattern is treated as a band.
  bool banded() const;

 private:
  struct Implementation;
  Tensor solve(const Tensor& b, bool transposed) const;

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace dimwise
