#pragma once
// Batches of matrices: sizes, loops over them, errors, several results in one tensor.

#include <algorithm>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"
#include "ops/detail/linalg_kernels.hpp"

namespace dimwise::linalg {

using List = std::vector<Tensor>;

/// The last two axes, and the leading ones, which index the matrices.
struct Matrices {
  Shape leading;
  int rows = 0, columns = 0;

  int64_t count() const { return leading.size(); }
  int64_t area() const { return int64_t{rows} * columns; }
  int shorter() const { return std::min(rows, columns); }
  /// The leading axes followed by others.
  Shape with(const Shape& last) const;
  /// "the matrix", or "matrix (1, 2) of the batch".
  std::string name(int64_t i) const;
};

/// The batch of a tensor of rank 2 or more, and of one whose matrices are square. Throw ShapeError.
Matrices batch_of(const char* where, const Tensor& a);
Matrices square_of(const char* where, const Tensor& a);
/// The batch of B, which must have A's leading axes and number of rows. Throws ShapeError.
Matrices batch_beside(const char* where, const Tensor& a, const Tensor& b);

/// Checks a tensor whose elements are read by a kernel. Throws ValueError for a NaN or infinity, with its position.
void check_finite(const char* where, const char* operand, const Tensor& x);
/// The same for square matrices of which only one triangle is read.
void check_finite_triangle(const char* where, const Tensor& x, bool upper);
/// Throws ValueError.
[[noreturn]] void not_converged(const char* where, const std::string& name);

/// Calls body(T, i) for each matrix of a batch.
template <class Body>
void each(const Tensor& a, const Matrices& batch, Body body) {
  dispatch(a.dtype(), [&](auto t) {
    for (int64_t i = 0; i < batch.count(); ++i) body(t, i);
  });
}

/// The machine epsilon of a dtype: the distance from 1 to the next number.
double epsilon(DType dtype);
/// The ratio to the largest singular value below which one counts as zero: max(m, n) · epsilon.
double relative_zero(const Tensor& a);

/// Packs several tensors of one batch along a new last axis, and unpacks them: an op has only one output.
Tensor pack(const Shape& leading, const List& parts);
List unpack(const Tensor& packed, const std::vector<Shape>& shapes);

/// A⁻¹; its errors name the function `where`.
Tensor inverse(const char* where, const Tensor& a);

/// (M + Mᵀ) / 2 and (M − Mᵀ) / 2 over the last two axes, and the lower triangle with half the diagonal.
Tensor symmetric(const Tensor& m);
Tensor antisymmetric(const Tensor& m);
Tensor lower_half(const Tensor& m);

}  // namespace dimwise::linalg
