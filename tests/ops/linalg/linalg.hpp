#pragma once
// Test matrices for linear algebra, and the comparison of two matrices.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "tests/catch.hpp"

namespace dimwise::linalg_tests {

inline constexpr DType f64 = DType::float64;
inline const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

inline Tensor random(const char* what, const Shape& shape, DType dtype = f64) {
  return Rng(1).split(what).normal(shape, dtype);
}
inline Tensor product(const Tensor& a, const Tensor& b) { return matmul(a, b); }
inline Tensor gram(const Tensor& a) { return matmul(a, a, {.transpose_a = true}); }
inline Tensor positive(const Tensor& b) { return matmul(b, b, {.transpose_b = true}) + eye(b.dim(-1), b.dtype()); }
inline Tensor symmetric(const Tensor& b) { return 0.5 * (b + transpose(b)); }
// Well conditioned, with separated singular values.
inline Tensor regular(const Tensor& a) {
  const Tensor shift = 4.0 * eye(std::max(a.dim(-1), a.dim(-2)), a.dtype()) +
                       diag_embed(3.0 * arange(static_cast<double>(std::max(a.dim(-1), a.dim(-2))), a.dtype()));
  return a + slice(slice(shift, 0, 0, a.dim(-2)), 1, 0, a.dim(-1));
}
inline Tensor regular_random(const char* what, const Shape& shape, DType dtype) {
  return regular(random(what, shape, dtype));
}

// The largest |x|, and NaN if there is one.
inline double largest(const Tensor& x) {
  double result = 0;
  for (const double v : x.values()) result = std::isnan(v) || std::abs(v) > result ? std::abs(v) : result;
  return result;
}
inline double rounding(DType dtype) { return dtype == f64 ? 2.3e-16 : 1.2e-7; }

// a and b differ by at most `units` roundings of the largest element.
inline void check_close(const Tensor& a, const Tensor& b, double units) {
  REQUIRE(a.shape() == b.shape());
  REQUIRE(a.dtype() == b.dtype());
  INFO("shape " << a.shape() << ", " << a.dtype());
  CHECK(largest(a - b) <= units * rounding(a.dtype()) * std::max(1.0, largest(b)));
}
inline Tensor unit(const Tensor& like) { return broadcast_to(eye(like.dim(-1), like.dtype()), like.shape()); }

// Calls body(leading axes, n, dtype) for one matrix and batches, of n = 1 … 8, 16, 33.
template <class Body>
inline void each_size(Body body) {
  for (const DType dtype : {DType::float32, f64})
    for (const int64_t n : {1, 2, 3, 4, 5, 6, 7, 8, 16, 33})
      for (const Shape& leading : {Shape{}, Shape{3}, Shape{2, 1, 2}}) body(leading, n, dtype);
}
inline Shape with(Shape leading, int64_t m, int64_t n) {
  leading.push_back(m);
  leading.push_back(n);
  return leading;
}
inline Tensor flat(const std::vector<Tensor>& parts) {
  std::vector<Tensor> rows;
  for (const Tensor& x : parts) rows.push_back(reshape(x, {x.size()}));
  return concat(rows, 0);
}

}  // namespace dimwise::linalg_tests
