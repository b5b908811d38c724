#include "ops/detail/gemm.hpp"

#include <cblas.h>
#include <oneapi/dnnl/dnnl.h>

#include <new>

#include "ops/detail/blas_memory.hpp"
#include "ops/threads.hpp"

namespace dimwise {

namespace {
CBLAS_TRANSPOSE flag(bool transpose) { return transpose ? CblasTrans : CblasNoTrans; }
blasint narrow(int64_t n) { return static_cast<blasint>(n); }

// On one thread oneDNN's product is 5 to 40 % faster than OpenBLAS's, except for small and narrow ones, as bench/gemm
// measures.
bool for_onednn(int64_t m, int64_t n, int64_t k) {
  return m >= 32 && n >= 32 && k >= 16 && m * n * k >= 1'000'000 && onednn_threads() == 1;
}

void blas_gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
               int64_t ldb, float beta, float* c, int64_t ldc) {
  reserve_blas_memory(1);
  if (for_onednn(m, n, k)) {
    const OneDnnThreads one(1);
    const dnnl_status_t status = dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
    if (status == dnnl_success) return;
    if (status == dnnl_out_of_memory) throw std::bad_alloc();
  }
  cblas_sgemm(CblasRowMajor, flag(ta), flag(tb), narrow(m), narrow(n), narrow(k), 1, a, narrow(lda), b, narrow(ldb),
              beta, c, narrow(ldc));
}
void blas_gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const double* a, int64_t lda, const double* b,
               int64_t ldb, double beta, double* c, int64_t ldc) {
  reserve_blas_memory(1);
  cblas_dgemm(CblasRowMajor, flag(ta), flag(tb), narrow(m), narrow(n), narrow(k), 1, a, narrow(lda), b, narrow(ldb),
              beta, c, narrow(ldc));
}
void blas_gemv(bool transpose, int64_t rows, int64_t columns, const float* a, const float* x, float beta, float* y) {
  reserve_blas_memory(1);
  cblas_sgemv(CblasRowMajor, flag(transpose), narrow(rows), narrow(columns), 1, a, narrow(columns), x, 1, beta, y, 1);
}
void blas_gemv(bool transpose, int64_t rows, int64_t columns, const double* a, const double* x, double beta,
               double* y) {
  reserve_blas_memory(1);
  cblas_dgemv(CblasRowMajor, flag(transpose), narrow(rows), narrow(columns), 1, a, narrow(columns), x, 1, beta, y, 1);
}

// The product of a column and a row.
template <class T>
void outer(int64_t m, int64_t n, const T* a, const T* b, T beta, T* c) {
  for (int64_t i = 0; i < m; ++i, c += n) {
    if (beta == 0)
      for (int64_t j = 0; j < n; ++j) c[j] = a[i] * b[j];
    else
      for (int64_t j = 0; j < n; ++j) c[j] = a[i] * b[j] + beta * c[j];
  }
}

constexpr int64_t small = 256;  // multiply-adds below which a loop is faster than the call

template <class T>
void small_product(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const T* a, const T* b, T beta, T* c) {
  for (int64_t i = 0; i < m; ++i, c += n) {
    if (tb) {
      for (int64_t j = 0; j < n; ++j) {
        T sum = 0;
        for (int64_t l = 0; l < k; ++l) sum += (ta ? a[l * m + i] : a[i * k + l]) * b[j * k + l];
        c[j] = beta == 0 ? sum : sum + beta * c[j];
      }
    } else {
      for (int64_t j = 0; j < n; ++j) c[j] = beta == 0 ? 0 : beta * c[j];
      for (int64_t l = 0; l < k; ++l) {
        const T factor = ta ? a[l * m + i] : a[i * k + l];
        for (int64_t j = 0; j < n; ++j) c[j] += factor * b[l * n + j];
      }
    }
  }
}

template <class T>
void product(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const T* a, const T* b, T beta, T* c) {
  if (k == 1) return outer(m, n, a, b, beta, c);
  if (m * n * k <= small) return small_product(ta, tb, m, n, k, a, b, beta, c);
  if (n == 1) return blas_gemv(ta, ta ? k : m, ta ? m : k, a, b, beta, c);
  if (m == 1) return blas_gemv(!tb, tb ? n : k, tb ? k : n, b, a, beta, c);
  blas_gemm(ta, tb, m, n, k, a, ta ? m : k, b, tb ? k : n, beta, c, n);
}
}  // namespace

void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float* a, const float* b, float beta, float* c) {
  product(ta, tb, m, n, k, a, b, beta, c);
}
void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const double* a, const double* b, double beta, double* c) {
  product(ta, tb, m, n, k, a, b, beta, c);
}

void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb,
          float beta, float* c, int64_t ldc) {
  blas_gemm(ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc);
}
void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const double* a, int64_t lda, const double* b, int64_t ldb,
          double beta, double* c, int64_t ldc) {
  blas_gemm(ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc);
}

}  // namespace dimwise
