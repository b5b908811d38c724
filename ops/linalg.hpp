#pragma once

#include <utility>

#include "autodiff/tensor.hpp"

namespace dimwise {

// Dense linear algebra over the last two axes, by LAPACK; leading axes are batch, and must be equal for two operands.
// float32 and float64 are both computed in their precision. Lengths may be 0: det of (0, 0) is 1.
//
// Derivatives: to any order in reverse, once in forward mode. Their formulas are those of M. Giles, "Collected matrix
// derivative results for forward and reverse mode algorithmic differentiation" (2008), unless another source is named.
//
// Every element of A that is read must be finite: a NaN or infinity throws ValueError with the function, the element
// and the matrix of the batch. So does a matrix for which the result does not exist. B may contain any values: a NaN in
// a column of B gives NaN in that column of X, and a NaN in a cotangent or tangent propagates to the derivative. Shapes
// that do not fit throw ShapeError, dtypes that differ DTypeError.

/// X of A X = B for A of shape (…, n, n) and B of shape (…, n, m).
///
/// By LU with row pivots: 2/3 n³ + 2 n² m operations, and the same for the derivative. Throws ValueError if a pivot is
/// exactly 0; a matrix that is singular to rounding is not detected.
///
/// Example: `Tensor x = solve(a, unsqueeze(b, -1));`
Tensor solve(const Tensor& a, const Tensor& b);

/// A⁻¹ of A of shape (…, n, n): 2 n³ operations. To apply it to a few vectors, `solve` is faster and more accurate.
/// Throws ValueError if a pivot is exactly 0.
Tensor inv(const Tensor& a);

struct TriangularOptions {
  bool upper = false;      ///< which triangle of A is read
  bool transpose = false;  ///< solve Aᵀ X = B instead
};

/// X of A X = B for a triangular A of shape (…, n, n) and B of shape (…, n, m): n² m operations. Throws ValueError for
/// a zero on the diagonal.
Tensor triangular_solve(const Tensor& a, const Tensor& b, const TriangularOptions& options = {});

/// The lower-triangular L of A = L Lᵀ, from A's lower triangle: 1/3 n³ operations.
///
/// The derivative is along symmetric matrices, and the cotangent is symmetric (I. Murray, "Differentiation of the
/// Cholesky decomposition", 2016). Throws ValueError, with the leading minor, if A is not positive definite.
Tensor cholesky(const Tensor& a);

/// X of L Lᵀ X = B for L = cholesky(A), of shape (…, n, n), and B of shape (…, n, m): 2 n² m operations. Throws
/// ValueError for a zero on the diagonal.
///
/// Example: `Tensor l = cholesky(a), x = cholesky_solve(l, b), y = cholesky_solve(l, c);`
Tensor cholesky_solve(const Tensor& l, const Tensor& b);

/// det A of A of shape (…, n, n): 2/3 n³ operations. It may overflow when slogdet does not.
///
/// The derivative is the matrix of cofactors, correct for a singular A too (by its singular values). Higher derivatives
/// need A⁻¹: they throw ValueError if A is singular to rounding.
Tensor det(const Tensor& a);

/// The sign of det A (1, −1 or 0) and ln |det A|, each of shape (…); (0, −∞) for a singular A.
///
/// The sign is untracked. The derivative of the logarithm is A⁻ᵀ; for a singular A it throws ValueError.
///
/// Example: `auto [sign, log] = slogdet(a);`
std::pair<Tensor, Tensor> slogdet(const Tensor& a);

/// ln |det A|, of shape (…); −∞ for a singular A, whose derivative throws ValueError.
Tensor logdet(const Tensor& a);

/// Q of shape (…, m, k) with orthonormal columns and the upper-triangular R of shape (…, k, n), A = Q R, k = min(m, n):
/// 4 m n k operations at most. R's diagonal may have any signs.
///
/// Derivative: of the first k columns, S. Walter, L. Lehmann and R. Lamour, "On evaluating higher-order derivatives of
/// the QR decomposition" (2012); the others follow from R = Qᵀ A. It throws ValueError if one of the first k columns is
/// linearly dependent on the previous ones, to rounding.
std::pair<Tensor, Tensor> qr(const Tensor& a);

/// The singular value decomposition A = U diag(s) Vᵀ.
struct Svd {
  Tensor u;   ///< (…, m, k), orthonormal columns
  Tensor s;   ///< (…, k), descending
  Tensor vt;  ///< (…, k, n), orthonormal rows
};

/// U, s and Vᵀ of A of shape (…, m, n), k = min(m, n), by divide and conquer: about 20 m n k operations. The signs of a
/// pair of columns of U and V are arbitrary.
///
/// Derivative: J. Townsend, "Differentiating the singular value decomposition" (2016). U and Vᵀ have none if two
/// singular values are equal to rounding, or if one is 0 and m ≠ n: it throws ValueError if their derivatives are
/// needed. Forward mode and Taylor series always need them, and throw the same error. The first derivative of s alone
/// exists in reverse mode for any A: it is a subgradient if singular values coincide.
Svd svd(const Tensor& a);

/// The eigenvalues and eigenvectors of a symmetric matrix, A = V diag(w) Vᵀ.
struct Eigh {
  Tensor values;   ///< w (…, n), ascending
  Tensor vectors;  ///< V (…, n, n), orthonormal columns, whose signs are arbitrary
};

/// w and V of the symmetric A of shape (…, n, n), from its lower triangle: about 9 n³ operations.
///
/// The derivative is along symmetric matrices. V has none if two eigenvalues are equal to rounding: it throws
/// ValueError if that derivative is needed, as it always is in forward mode and Taylor series. The first derivative of
/// w alone exists in reverse mode for any A, as for `svd`.
Eigh eigh(const Tensor& a);

struct Eigvals {
  Tensor real, imag;  ///< (…, n), complex ones in conjugate pairs
};

/// The eigenvalues of any A of shape (…, n, n), in LAPACK's order, as constants: about 10 n³ operations. Throws
/// ValueError for a tracked A, because their derivative is not implemented.
///
/// Example: `auto [re, im] = eigvals(a); Tensor spectral_radius = sqrt(max(square(re) + square(im), {-1}));`
Eigvals eigvals(const Tensor& a);

/// The Moore–Penrose inverse A⁺, of shape (…, n, m), from the singular values above rcond · the largest; a negative
/// rcond means the dtype's machine epsilon times max(m, n).
///
/// The derivative is along matrices of the same rank (G. Golub and V. Pereyra, "The differentiation of pseudo-inverses
/// and nonlinear least squares problems whose variables separate", 1973), so it is the derivative if A has full rank,
/// or depends on its variables through factors of low rank.
Tensor pinv(const Tensor& a, double rcond = -1);

/// The X of least norm among the minimizers of ‖A X − B‖, of shape (…, n, k), for A of shape (…, m, n) and B of (…, m,
/// k): A⁺ B, by the singular values, with `pinv`'s rcond and derivative.
///
/// Example: `Tensor line = lstsq(stack({x, ones_like(x)}, -1), unsqueeze(y, -1));`
Tensor lstsq(const Tensor& a, const Tensor& b, double rcond = -1);

}  // namespace dimwise
