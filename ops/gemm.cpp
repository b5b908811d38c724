#include "ops/gemm.hpp"

#include <cblas.h>

#include <algorithm>

namespace dimwise {

namespace {
constexpr int64_t small = 256;  // multiply-adds below which a loop is faster than the call

template <class T>
bool small_gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const T* a, const T* b, T beta, T* c) {
  if (m * n * k > small) return false;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      T s = 0;
      for (int64_t l = 0; l < k; ++l) s += (ta ? a[l * m + i] : a[i * k + l]) * (tb ? b[j * k + l] : b[l * n + j]);
      c[i * n + j] = beta == 0 ? s : s + beta * c[i * n + j];
    }
  return true;
}

CBLAS_TRANSPOSE flag(bool transpose) { return transpose ? CblasTrans : CblasNoTrans; }
blasint narrow(int64_t n) { return static_cast<blasint>(n); }
}  // namespace

void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float* a, const float* b, float beta, float* c) {
  if (m == 0 || n == 0 || small_gemm(ta, tb, m, n, k, a, b, beta, c)) return;
  cblas_sgemm(CblasRowMajor, flag(ta), flag(tb), narrow(m), narrow(n), narrow(k), 1, a, narrow(ta ? m : k), b,
              narrow(tb ? k : n), beta, c, narrow(n));
}

void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const double* a, const double* b, double beta, double* c) {
  if (m == 0 || n == 0 || small_gemm(ta, tb, m, n, k, a, b, beta, c)) return;
  cblas_dgemm(CblasRowMajor, flag(ta), flag(tb), narrow(m), narrow(n), narrow(k), 1, a, narrow(ta ? m : k), b,
              narrow(tb ? k : n), beta, c, narrow(n));
}

}  // namespace dimwise
