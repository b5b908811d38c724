#pragma once
// Factorizations of one matrix, by xtensor-blas.

#include <cstdint>

namespace dimwise::kernels {

// All matrices are row-major and contiguous, T is float or double, and every length may be 0. The elements read must be
// finite: callers check with first_not_finite, because the packaged routines fail on a NaN.

/// The position of the first NaN or infinity among n numbers, or -1.
template <class T>
int64_t first_not_finite(const T* x, int64_t n);

/// The lower L of A = L Lᵀ with zeros above, in place, from A's lower triangle. Returns 0, or the order of the first
/// leading minor that is not positive.
template <class T>
int cholesky(T* a, int n);

/// op(A) X = B for the n × m matrix B in place; only one triangle of A is read, whose diagonal has no zero.
template <class T>
void triangular_solve(const T* a, int n, bool upper, bool transpose, T* b, int m);

/// The LU factors of Aᵀ in place, because rows are read as columns, with n pivots. Returns 0, or 1 + the first zero
/// pivot.
template <class T>
int lu_factor(T* a, int n, int* pivots);

/// op(A) x = b for m contiguous vectors b in place, from A's lu_factor.
template <class T>
void lu_solve(const T* lu, const int* pivots, int n, bool transpose, T* b, int m);

/// The LU factors of a band with `lower` diagonals below and `upper` above the main one, in place, with n pivots.
/// `band` has columns of 2 · lower + upper + 1 numbers; a_ij stands in column j at lower + upper + i − j. Returns 0, or
/// 1 + the first zero pivot.
int band_factor(double* band, int n, int lower, int upper, int* pivots);

/// op(A) x = b in place, from A's band_factor.
void band_solve(const double* band, const int* pivots, int n, int lower, int upper, bool transpose, double* b);

/// op(A) X = B for the n × m matrix B in place. Returns 0, or 1 + the first zero pivot.
template <class T>
int solve(const T* a, int n, bool transpose, T* b, int m);

/// A⁻¹ in place. Returns 0, or 1 + the first zero pivot.
template <class T>
int inverse(T* a, int n);

/// The determinant, its sign, and the logarithm of its absolute value; 0, 0 and −∞ for a singular matrix.
template <class T>
struct Determinant {
  T value, sign, log;
};
template <class T>
Determinant<T> determinant(const T* a, int n);

/// ∂ det A / ∂ A, correct for a singular A too. Returns false if the singular values did not converge.
template <class T>
bool cofactors(const T* a, int n, T* c);

/// Q (m × n) and the upper R (n × n) of A = Q R, for m ≥ n.
template <class T>
void qr(const T* a, int m, int n, T* q, T* r);

/// U (m × k), s descending and Vᵀ (k × n) of A = U diag(s) Vᵀ, k = min(m, n). Returns false if it did not converge.
template <class T>
bool svd(const T* a, int m, int n, T* u, T* s, T* vt);

/// Eigenvalues, ascending, and eigenvectors, the columns, of the symmetric A, from its lower triangle. Returns false if
/// it did not converge.
template <class T>
bool eigh(const T* a, int n, T* values, T* vectors);

/// Real and imaginary parts of the eigenvalues of any A, in LAPACK's order. Returns false if it did not converge.
template <class T>
bool eigvals(const T* a, int n, T* real, T* imag);

/// The n × k matrix X of least norm among those with least ‖A X − B‖; singular values up to rcond · the largest are 0.
/// A column of B that is not finite gives a column of NaN. Returns false if it did not converge.
template <class T>
bool least_squares(const T* a, int m, int n, const T* b, int k, double rcond, T* x);

}  // namespace dimwise::kernels
