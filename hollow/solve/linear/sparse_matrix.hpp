#pragma once

#include "autodiff/tensor.hpp"
#include "hollow/solve/linear/sparsity_pattern.hpp"

namespace dimwise {

/// Matrices of one pattern: the values of its entries, (…, nonzeros), in the pattern's order.
struct SparseMatrix {
  SparsityPattern pattern;
  Tensor values;

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
