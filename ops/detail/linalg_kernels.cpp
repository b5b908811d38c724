#include "ops/detail/linalg_kernels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>
#include <xtensor-blas/xblas.hpp>
#include <xtensor-blas/xlapack.hpp>

#include "autodiff/base/buffer.hpp"
#include "autodiff/kernels/xtensor_views.hpp"
#include "ops/detail/blas_memory.hpp"

// A row-major matrix read as column-major is its transpose: L Lᵀ, A⁻¹, det A, U and Vᵀ need no copy.
//
// Bugs of the packaged xtensor-blas 0.20.0, and their workarounds (tests/ops/linalg/xtensor_blas.cpp reports when they
// are fixed):
// - gesdd of a NaN fails an assert, and without asserts leaves its results uninitialized; syevd of a NaN gives finite
//   eigenvalues. Callers check for NaN first, and a negative info counts as a failure.
// - linalg::solve_triangular reports a zero on the diagonal as a failed Cholesky decomposition, and lapack::trtrs takes
//   one right-hand side. Diagonals are checked before, and trsm takes several columns, row-major.
// - linalg::pinv uses the cutoff 1e-15 · the largest singular value, which is below the rounding of float. The cutoff
//   of least_squares is an argument.

namespace dimwise::kernels {

namespace {

constexpr auto columns_first = xt::layout_type::column_major;

// Uninitialized scratch memory from the pool.
template <class T>
class Scratch {
 public:
  explicit Scratch(int64_t size) : buffer_(static_cast<size_t>(size) * sizeof(T)) {}
  T* data() { return static_cast<T*>(buffer_.data()); }
  T& operator[](int64_t i) { return data()[i]; }

 private:
  Buffer buffer_;
};

template <class T>
auto matrix(T* data, int rows, int columns) {
  reserve_blas_memory(1);
  const auto m = static_cast<size_t>(rows), n = static_cast<size_t>(columns);
  return xt::adapt<columns_first>(data, m * n, xt::no_ownership(), std::array<size_t, 2>{m, n});
}

template <class T>
auto vector(T* data, int length) {
  const auto n = static_cast<size_t>(length);
  return xt::adapt(data, n, xt::no_ownership(), std::array<size_t, 1>{n});
}

int64_t area(int m, int n) { return int64_t{m} * n; }

// Converts row-major (rows, columns) to column-major with `leading` numbers per column.
template <class T>
void to_columns(const T* from, int rows, int columns, T* to, int leading) {
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c) to[area(c, leading) + r] = from[area(r, columns) + c];
}

template <class T>
void from_columns(const T* from, int leading, int rows, int columns, T* to) {
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c) to[area(r, columns) + c] = from[area(c, leading) + r];
}

bool odd(const int* pivots, int n) {
  bool result = false;
  for (int i = 0; i < n; ++i) result ^= pivots[i] != i + 1;
  return result;
}

template <class T>
struct Factors {
  Factors(const T* a, int n) : lu(area(n, n)), pivots(n) {
    std::copy_n(a, area(n, n), lu.data());
    info = lu_factor(lu.data(), n, pivots.data());
  }
  Scratch<T> lu;
  Scratch<int> pivots;
  int info;
};

}  // namespace

template <class T>
int64_t first_not_finite(const T* x, int64_t n) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  constexpr Bits exponent = sizeof(T) == 4 ? Bits(0x7f800000u) : Bits(0x7ff0000000000000u);
  Bits bad = 0;
  for (int64_t i = 0; i < n; ++i) {
    Bits bits;
    std::memcpy(&bits, x + i, sizeof bits);
    bad |= Bits((bits & exponent) == exponent);
  }
  if (!bad) return -1;
  return std::find_if_not(x, x + n, [](T v) { return std::isfinite(v); }) - x;
}

template <class T>
int cholesky(T* a, int n) {
  for (int r = 0; r < n; ++r) std::fill(a + area(r, n) + r + 1, a + area(r + 1, n), T(0));
  if (n == 0) return 0;
  auto upper = matrix(a, n, n);
  return xt::lapack::potr(upper, 'U');
}

template <class T>
void triangular_solve(const T* a, int n, bool upper, bool transpose, T* b, int m) {
  if (n == 0 || m == 0) return;
  if (m == 1) {
    // The upper triangle of rows is the lower triangle of columns. xtensor-blas takes A by a mutable reference, but
    // only reads it.
    auto transposed = matrix(const_cast<T*>(a), n, n);
    auto x = vector(b, n);
    xt::lapack::trtrs(transposed, x, upper ? 'L' : 'U', transpose ? 'N' : 'T');
    return;
  }
  reserve_blas_memory(1);
  cxxblas::trsm<int>(cxxblas::RowMajor, cxxblas::Left, upper ? cxxblas::Upper : cxxblas::Lower,
                     transpose ? cxxblas::Trans : cxxblas::NoTrans, cxxblas::NonUnit, n, m, T(1), a, n, b, m);
}

template <class T>
int lu_factor(T* a, int n, int* pivots) {
  if (n == 0) return 0;
  auto transposed = matrix(a, n, n);
  std::span<int> rows(pivots, static_cast<size_t>(n));
  return xt::lapack::getrf(transposed, rows);
}

template <class T>
void lu_solve(const T* lu, const int* pivots, int n, bool transpose, T* b, int m) {
  if (n > 0 && m > 0) cxxlapack::getrs<int>(transpose ? 'N' : 'T', n, m, lu, n, pivots, b, n);
}

int band_factor(double* band, int n, int lower, int upper, int* pivots) {
  return cxxlapack::gbtrf<int>(n, n, lower, upper, band, 2 * lower + upper + 1, pivots);
}

void band_solve(const double* band, const int* pivots, int n, int lower, int upper, bool transpose, double* b) {
  cxxlapack::gbtrs<int>(transpose ? 'T' : 'N', n, lower, upper, 1, band, 2 * lower + upper + 1, pivots, b, n);
}

template <class T>
int solve(const T* a, int n, bool transpose, T* b, int m) {
  Factors<T> f(a, n);
  if (f.info != 0 || m == 0) return f.info;
  if (m == 1) {
    lu_solve(f.lu.data(), f.pivots.data(), n, transpose, b, 1);
  } else {
    Scratch<T> columns(area(n, m));
    to_columns(b, n, m, columns.data(), n);
    lu_solve(f.lu.data(), f.pivots.data(), n, transpose, columns.data(), m);
    from_columns(columns.data(), n, n, m, b);
  }
  return 0;
}

template <class T>
int inverse(T* a, int n) {
  if (n == 0) return 0;
  xt::uvector<int> pivots(static_cast<size_t>(n));
  auto transposed = matrix(a, n, n);
  const int info = xt::lapack::getrf(transposed, pivots);
  return info != 0 ? info : xt::lapack::getri(transposed, pivots);
}

template <class T>
Determinant<T> determinant(const T* a, int n) {
  Factors<T> f(a, n);
  if (f.info != 0) return {T(0), T(0), -std::numeric_limits<T>::infinity()};
  T value = odd(f.pivots.data(), n) ? T(-1) : T(1), sign = value, log = 0;
  for (int i = 0; i < n; ++i) {
    const T pivot = f.lu[area(i, n) + i];
    value *= pivot;
    if (pivot < 0) sign = -sign;
    log += std::log(std::abs(pivot));
  }
  // A product may overflow or underflow although the result is in range.
  return {std::isnormal(value) ? value : sign * std::exp(log), sign, log};
}

// By det A · A⁻ᵀ, in which the rounding of small pivots cancels, so that it is as exact as the second way, unless A is
// singular or a number is out of range; then by U diag(Π_{j≠i} s_j) Vᵀ · det U · det V.
template <class T>
bool cofactors(const T* a, int n, T* c) {
  if (n == 0) return true;
  Factors<T> f(a, n);
  T product = 1;
  for (int i = 0; i < n; ++i) product *= f.lu[area(i, n) + i];
  if (f.info == 0 && std::isnormal(product)) {
    auto transposed = matrix(f.lu.data(), n, n);
    xt::uvector<int> pivots(static_cast<size_t>(n));
    std::copy_n(f.pivots.data(), n, pivots.data());
    xt::lapack::getri(transposed, pivots);
    const T value = odd(pivots.data(), n) ? -product : product;
    for (int r = 0; r < n; ++r)
      for (int k = 0; k < n; ++k) c[area(r, n) + k] = value * f.lu[area(k, n) + r];
    if (first_not_finite(c, int64_t{n} * n) < 0) return true;
  }
  Scratch<T> u(area(n, n)), s(n), vt(area(n, n)), others(n);
  if (!svd(a, n, n, u.data(), s.data(), vt.data())) return false;
  const T sign = determinant(u.data(), n).sign * determinant(vt.data(), n).sign;
  for (int i = 0; i < n; ++i) {
    // From both ends, so that no partial product overflows or underflows.
    T size = 1;
    for (int first = 0, last = n - 1; first <= last;) {
      const int j = size > 1 ? last-- : first++;
      if (j != i) size *= s[j];
    }
    others[i] = sign * size;
  }
  std::fill_n(c, area(n, n), T(0));
  for (int r = 0; r < n; ++r)
    for (int i = 0; i < n; ++i)
      for (int k = 0; k < n; ++k) c[area(r, n) + k] += u[area(r, n) + i] * others[i] * vt[area(i, n) + k];
  return true;
}

template <class T>
void qr(const T* a, int m, int n, T* q, T* r) {
  if (n == 0) return;
  Scratch<T> factors(area(m, n)), reflectors(n);
  to_columns(a, m, n, factors.data(), m);
  auto columns = matrix(factors.data(), m, n);
  auto tau = vector(reflectors.data(), n);
  xt::lapack::geqrf(columns, tau);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) r[area(i, n) + j] = i <= j ? factors[area(j, m) + i] : T(0);
  xt::lapack::orgqr(columns, tau);
  from_columns(factors.data(), m, m, n, q);
}

template <class T>
bool svd(const T* a, int m, int n, T* u, T* s, T* vt) {
  const int k = std::min(m, n);
  if (k == 0) return true;
  Scratch<T> copy(area(m, n));
  std::copy_n(a, area(m, n), copy.data());
  auto transposed = matrix(copy.data(), n, m);
  // Aᵀ = V diag(s) Uᵀ, whose columns are rows here.
  const auto [info, v, values, ut] = xt::lapack::gesdd(transposed, 'S');
  if (info != 0) return false;
  std::copy_n(ut.data(), area(m, k), u);
  std::copy_n(values.data(), k, s);
  std::copy_n(v.data(), area(k, n), vt);
  return true;
}

template <class T>
bool eigh(const T* a, int n, T* values, T* vectors) {
  if (n == 0) return true;
  Scratch<T> copy(area(n, n));
  std::copy_n(a, area(n, n), copy.data());
  auto transposed = matrix(copy.data(), n, n);
  auto w = vector(values, n);
  if (xt::lapack::syevd(transposed, 'V', 'U', w) != 0) return false;
  from_columns(copy.data(), n, n, n, vectors);
  return true;
}

template <class T>
bool eigvals(const T* a, int n, T* real, T* imag) {
  if (n == 0) return true;
  Scratch<T> copy(area(n, n));
  std::copy_n(a, area(n, n), copy.data());
  auto transposed = matrix(copy.data(), n, n), none = matrix(copy.data(), n, n);
  auto re = vector(real, n), im = vector(imag, n);
  return xt::lapack::geev(transposed, 'N', 'N', re, im, none, none) == 0;
}

template <class T>
bool least_squares(const T* a, int m, int n, const T* b, int k, double rcond, T* x) {
  if (m == 0 || n == 0 || k == 0) {
    std::fill_n(x, area(n, k), T(0));
    return true;
  }
  const int leading = std::max(m, n);
  Scratch<T> factors(area(m, n)), sides(area(leading, k)), s(std::min(m, n));
  to_columns(a, m, n, factors.data(), m);
  std::fill_n(sides.data(), area(leading, k), T(0));
  to_columns(b, m, k, sides.data(), leading);
  // gelsd scales all columns by the largest element.
  Scratch<bool> lost(k);
  for (int j = 0; j < k; ++j) {
    T* const column = sides.data() + area(j, leading);
    lost[j] = first_not_finite(column, m) >= 0;
    if (lost[j]) std::fill_n(column, m, T(0));
  }
  auto columns = matrix(factors.data(), m, n), right = matrix(sides.data(), leading, k);
  auto singular = vector(s.data(), std::min(m, n));
  int rank = 0;
  if (xt::lapack::gelsd(columns, right, singular, rank, rcond) != 0) return false;
  for (int j = 0; j < k; ++j)
    if (lost[j]) std::fill_n(sides.data() + area(j, leading), n, std::numeric_limits<T>::quiet_NaN());
  from_columns(sides.data(), leading, n, k, x);
  return true;
}

// NOLINTBEGIN(bugprone-macro-parentheses): T is a type
#define DIMWISE_LINALG_KERNELS(T)                                     \
  template int64_t first_not_finite(const T*, int64_t);               \
  template int cholesky(T*, int);                                     \
  template void triangular_solve(const T*, int, bool, bool, T*, int); \
  template int lu_factor(T*, int, int*);                              \
  template void lu_solve(const T*, const int*, int, bool, T*, int);   \
  template int solve(const T*, int, bool, T*, int);                   \
  template int inverse(T*, int);                                      \
  template Determinant<T> determinant(const T*, int);                 \
  template bool cofactors(const T*, int, T*);                         \
  template void qr(const T*, int, int, T*, T*);                       \
  template bool svd(const T*, int, int, T*, T*, T*);                  \
  template bool eigh(const T*, int, T*, T*);                          \
  template bool eigvals(const T*, int, T*, T*);                       \
  template bool least_squares(const T*, int, int, const T*, int, double, T*);

DIMWISE_LINALG_KERNELS(float)
DIMWISE_LINALG_KERNELS(double)
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace dimwise::kernels
