#pragma once

#include <cstdint>

namespace dimwise {

/// C = op(A) op(B) + beta C, row-major, where op is a transpose if requested: op(A) is m × k, op(B) is k × n. Uses
/// OpenBLAS, or a plain loop if the call would cost more than the work.
void gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float* a, const float* b,
          float beta, float* c);
void gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const double* a, const double* b,
          double beta, double* c);

/// The same on parts of larger matrices, whose rows are lda, ldb and ldc numbers apart.
void gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
          const float* b, int64_t ldb, float beta, float* c, int64_t ldc);
void gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const double* a, int64_t lda,
          const double* b, int64_t ldb, double beta, double* c, int64_t ldc);

}  // namespace dimwise
