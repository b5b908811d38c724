#pragma once

#include <utility>

#include "autodiff/tensor.hpp"

namespace dimwise {

// Dense linear algebra by LAPACK, over the last two axes; leading axes are batch and must be equal. Except for qr,
// differentiable to any order in reverse and once in forward mode. All throw ShapeError and DTypeError.

/// The lower-triangular L of A = L Lᵀ, from A's lower triangle. Throws ValueError, naming the row, when A is not
/// positive definite.
Tensor cholesky(const Tensor& a);

struct TriangularOptions {
  bool upper = false;      ///< which triangle of A is read
  bool transpose = false;  ///< solve Aᵀ X = B instead
};

/// X of A X = B for a triangular A of shape (…, n, n) and B of shape (…, n, m). Throws ValueError for a zero on the
/// diagonal.
Tensor triangular_solve(const Tensor& a, const Tensor& b, const TriangularOptions& options = {});

/// X of A X = B for any A of shape (…, n, n) and B of shape (…, n, m). Throws ValueError when A is singular.
Tensor solve(const Tensor& a, const Tensor& b);

/// ln |det A|, of shape (…); −∞ for a singular A, whose derivative throws ValueError.
Tensor logdet(const Tensor& a);

/// Q of shape (m, k) with orthonormal columns and the upper-triangular R of shape (k, n), A = Q R, k = min(m, n), for
/// one matrix. Throws ValueError for a tracked A: it has no derivative here.
std::pair<Tensor, Tensor> qr(const Tensor& a);

}  // namespace dimwise
