#include "hollow/solve/linear/jacobian.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "autodiff/node.hpp"

namespace dimwise {

Tensor row_jacobian(const Tape& tape) {
  if (tape.outputs().size() != 1 || tape.inputs().size() != 1)
    fail<ShapeError>("row_jacobian", "the tape has ", tape.inputs().size(), " inputs and ", tape.outputs().size(),
                     " outputs. It must have one of each.");
  const Tensor &f = tape.outputs()[0], &y = tape.inputs()[0];
  if (f.shape() != y.shape() || y.rank() == 0)
    fail<ShapeError>("row_jacobian", "F has shape ", f.shape(), ", but y has ", y.shape(),
                     ". Both must be (…, n), one system per row.");
  const NoGrad guard;
  const int64_t n = y.dim(-1), rows = n ? y.size() / n : 0;
  Shape shape = y.shape();
  shape.push_back(n);
  Tensor jacobian = empty(shape, y.dtype());
  for (int64_t i = 0; i < n; ++i) {
    const Tensor unit = zeros({n}, y.dtype());
    dispatch(y.dtype(), [&](auto t) { mutable_data<decltype(t)>(unit)[i] = 1; });
    const Tensor gradient = tape.pull({unit})[0];
    dispatch(y.dtype(), [&](auto t) {
      using T = decltype(t);
      const T* from = gradient.data<T>().data();
      T* to = mutable_data<T>(jacobian) + i * n;
      for (int64_t row = 0; row < rows; ++row) std::copy_n(from + row * n, n, to + row * n * n);
    });
  }
  return jacobian;
}

bool rows_are_independent(const Tape& tape, const Tensor& row_jacobian) {
  const Tensor& y = tape.inputs()[0];
  const int64_t n = y.dim(-1), rows = n ? y.size() / n : 0;
  if (rows < 2) return true;
  const NoGrad guard;
  Rng rng(0);
  const Tensor w = rng.normal(y.shape(), y.dtype());
  const std::vector<double> random = w.values(), pulled = tape.pull({w})[0].values(), jacobian = row_jacobian.values();
  // Rounding stays below this fraction of the largest sum of a row.
  const double fraction = y.dtype() == DType::float32 ? 1e-3 : 1e-6;
  for (size_t row = 0, d = static_cast<size_t>(n); row < static_cast<size_t>(rows); ++row) {
    double largest = 0, scale = 0;
    for (size_t j = 0; j < d; ++j) {
      double sum = 0, size = std::abs(pulled[row * d + j]);
      for (size_t i = 0; i < d; ++i) {
        const double product = random[row * d + i] * jacobian[(row * d + i) * d + j];
        sum += product;
        size += std::abs(product);
      }
      largest = std::max(largest, std::abs(pulled[row * d + j] - sum));
      scale = std::max(scale, size);
    }
    if (largest > fraction * scale) return false;
  }
  return true;
}

}  // namespace dimwise
