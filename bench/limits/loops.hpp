#pragma once
// Helpers of the handwritten programs. Included only by .cpp files compiled with -ffast-math, so that sums are
// vectorized too.

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "bench/limits/limits.hpp"

namespace dimwise::bench {

using Floats = std::vector<float>;

/// C = op(A) op(B) + beta C, row-major.
inline void multiply(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const float* a, const float* b, float* c,
                     float beta = 0) {
  const auto i = [](int64_t v) { return static_cast<blasint>(v); };
  cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, i(m), i(n), i(k), 1, a,
              i(ta ? m : k), b, i(tb ? k : n), beta, c, i(n));
}

/// tanh as the quotient of an odd polynomial of degree 13 and an even one of degree 6, about 4 ulp; without branches,
/// so that loops over it are vectorized.
inline float fast_tanh(float x) {
  constexpr float limit = 7.90531110763549805F;
  x = x < -limit ? -limit : x > limit ? limit : x;
  const float z = x * x;
  float p = -2.76076847742355e-16F;
  p = p * z + 2.00018790482477e-13F;
  p = p * z - 8.60467152213735e-11F;
  p = p * z + 5.12229709037114e-08F;
  p = p * z + 1.48572235717979e-05F;
  p = p * z + 6.37261928875436e-04F;
  p = p * z + 4.89352455891786e-03F;
  float q = 1.19825839466702e-06F;
  q = q * z + 1.18534705686654e-04F;
  q = q * z + 2.26843463243900e-03F;
  q = q * z + 4.89352518554385e-03F;
  return p * x / q;
}

/// y = Σ over rows of a (rows, columns).
inline void sum_rows(const float* __restrict a, float* __restrict y, int64_t rows, int64_t columns) {
  std::fill(y, y + columns, 0.F);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) y[j] += a[i * columns + j];
}

}  // namespace dimwise::bench
