#pragma once

#include "autodiff/tensor.hpp"
#include "hollow/solve/linear/sparsity_pattern.hpp"

namespace dimwise {

/// Matrices of one pattern: the values of its entries, (…, nonzeros), in the pattern's order.
struct SparseMatrix {
  SparsityPattern pattern;
  Tensor values;

  /// The entries of a matrix (n, n) that are not 0; of a diagonal (n), all of them. Throws ShapeError.
  static SparseMatrix from(const Tensor& matrix);
  /// A x for x of shape (…, n), recorded: x and the values get gradients.
  Tensor times(const Tensor& x) const;
  SparseMatrix transposed() const;
  /// The entries (i, i), 0 where there is none: (…, n).
  Tensor diagonal() const;
  /// All entries, (…, n, n).
  Tensor dense() const;

 private:
  // Values of another length, the entry (i, j) at place(i, j), or nowhere if that is negative.
  template <class Place>
  Tensor spread(int64_t length, Place place) const;
};

/// The matrices with a and b as blocks on the diagonal and 0 beside them.
SparseMatrix block_diagonal(const SparseMatrix& a, const SparseMatrix& b);

}  // namespace dimwise
