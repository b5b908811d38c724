#include "hollow/solve/linear/lu.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"
#include "ops/detail/linalg_kernels.hpp"

namespace dimwise {

Lu::Lu(const Tensor& a) {
  if (a.rank() < 2 || a.dim(-1) != a.dim(-2) || a.dim(-1) == 0)
    fail<ShapeError>("lu", "A has shape ", a.shape(), ". It must be square: (…, n, n) with n at least 1.");
  const int n = static_cast<int>(a.dim(-1));
  const int64_t square = int64_t{n} * n, batch = a.size() / square;
  factors_ = empty(a.shape(), a.dtype());
  pivots_.resize(static_cast<size_t>(batch * n));
  dispatch(a.dtype(), [&](auto t) {
    using T = decltype(t);
    T* lu = mutable_data<T>(factors_);
    std::copy_n(a.data<T>().data(), a.size(), lu);
    for (int64_t i = 0; i < batch; ++i)
      singular_.push_back(kernels::lu_factor(lu + i * square, n, pivots_.data() + i * n) != 0);
  });
}

Tensor Lu::solve(const Tensor& b, bool transposed) const {
  const Shape& a = factors_.shape();
  const int n = static_cast<int>(a.dim(-1));
  const bool shared = a.rank() == 2;
  if (b.rank() == 0 || b.dim(-1) != n || (!shared && b.shape() != a.without(a.rank() - 1)))
    fail<ShapeError>("lu", "b has shape ", b.shape(), ", but A has ", a, ". It must be (…, n), one system per row.");
  if (b.dtype() != factors_.dtype())
    fail<DTypeError>("lu", "b is ", b.dtype(), ", but A is ", factors_.dtype(), ". Cast it with astype.");
  if (singular())
    fail<ValueError>("lu", "A, of shape ", a, ", is singular: a pivot is 0. Check singular() before solving.");
  Tensor x = empty(b.shape(), b.dtype());
  dispatch(b.dtype(), [&](auto t) {
    using T = decltype(t);
    T* to = mutable_data<T>(x);
    std::copy_n(b.data<T>().data(), b.size(), to);
    const int64_t rows = b.size() / n, systems = shared ? 1 : rows;
    const int columns = static_cast<int>(shared ? rows : 1);
    const T* lu = factors_.data<T>().data();
    for (int64_t i = 0; i < systems; ++i)
      kernels::lu_solve(lu + i * n * n, pivots_.data() + i * n, n, transposed, to + i * n, columns);
  });
  return x;
}

}  // namespace dimwise
