#include "hollow/solve/linear/jacobian.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
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

}  // namespace dimwise
