#pragma once

#include "autodiff/transforms.hpp"
#include "hollow/solve/linear/sparse_matrix.hpp"

namespace dimwise {

/// Products with a Jacobian J of (…, n) with respect to (…, n), whose rows are independent of each other. A vector has
/// the shape (…, n) or one that broadcasts to it.
struct JacobianProducts {
  Function push;        ///< v ↦ J (step ⊙ v)
  Function pull;        ///< w ↦ Jᵀ w; may be empty
  Tensor step = {};     ///< (…, n); undefined for ones
  double rounding = 0;  ///< the relative error of a product
};

/// Jacobians of a pattern, for unknowns like `like`. Cost: as many pushes as the pattern's columns have colors, or
/// pulls as its rows have, if they are fewer.
SparseMatrix compressed_jacobian(const JacobianProducts& products, const SparsityPattern& pattern, const Tensor& like);

/// The row of J that differs most from that of the matrix, or −1 if all are equal up to rounding: compares both
/// products with one random vector. Cost: one push.
int64_t differing_row(const SparseMatrix& matrix, const JacobianProducts& products, const Tensor& like);

/// A column in which that row of J has an entry outside of the pattern, or −1 if there is none. Cost: about log2(n)
/// pushes.
int64_t missing_column(const SparsityPattern& pattern, int64_t row, const JacobianProducts& products,
                       const Tensor& like);

/// Whether rows of a batch depend on each other. Cost: one push for each.
bool rows_depend(const JacobianProducts& products, const Tensor& like);

}  // namespace dimwise
