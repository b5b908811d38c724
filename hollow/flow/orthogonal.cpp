#include "hollow/flow/orthogonal.hpp"

#include "autodiff/base/error.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

Tensor orthonormal_columns(const Tensor& a) {
  // Well above the rounding of QᵀQ. Its square is below it, so that a matrix does not depend on the others of a batch.
  const double tolerance = a.dtype() == DType::float32 ? 1e-5 : 1e-8;
  // A small singular value grows by 3/2 in each iteration: these reach 1 from about 100 units of rounding of ‖A‖.
  // Columns that depend on each other leave a singular value of about one unit, which must not be amplified.
  const int budget = a.dtype() == DType::float32 ? 34 : 84;
  if (a.rank() < 2 || a.dim(-1) > a.dim(-2))
    fail<ShapeError>("orthonormal_columns", "A has shape ", a.shape(), ". It needs at least as many rows as columns.");
  if (a.size() == 0) return a;
  const Tensor one = eye(a.dim(-1), a.dtype());
  Tensor q = a / norm(a, {-2, -1}, true);
  for (int i = 0; i < budget; ++i) {
    const Tensor error = matmul(q, q, {.transpose_a = true}) - one;
    q = q - 0.5 * matmul(q, error);
    if (max(abs(stop_gradient(error))).item() <= tolerance) return q;
  }
  fail<SolverError>("orthonormal_columns", budget, " iterations did not reach QᵀQ = I within ", tolerance,
                    ". Make sure the columns of A are independent and its elements finite.");
}

Tensor reflect(const Tensor& x, const Tensor& v, bool transposed) {
  if (v.rank() < 2)
    fail<ShapeError>("reflect", "v has shape ", v.shape(), ". The reflections are its rows: (…, n, d).");
  const int64_t n = v.dim(-2);
  const Tensor scaled = 2 * v / sum(square(v), {-1}, true);
  Tensor y = x;
  for (int64_t k = 0; k < n; ++k) {
    const int64_t i = transposed ? k : n - 1 - k;
    y = y - sum(select(v, -2, i) * y, {-1}, true) * select(scaled, -2, i);
  }
  return y;
}

}  // namespace dimwise
