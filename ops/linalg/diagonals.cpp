// Triangles and diagonals of matrices.

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/detail/rules.hpp"
#include "ops/detail/all_ops.hpp"
#include "ops/layout.hpp"

namespace dimwise {

namespace {

struct Triangle {
  int64_t k;
  bool upper;
};

const Op triangle_op = record::linear<Triangle>(
    "triangle",
    [](const Tensor& x, const Triangle& a) {
      Tensor y = empty(x.shape(), x.dtype());
      const int64_t m = x.dim(-2), n = x.dim(-1), batch = x.shape().outer(x.rank() - 2);
      dispatch(x.dtype(), [&](auto t) {
        using T = decltype(t);
        const T* from = x.node()->data<T>();
        T* out = mutable_data<T>(y);
        for (int64_t r = 0; r < batch * m; ++r)
          for (int64_t j = 0; j < n; ++j) {
            const int64_t above = j - r % m - a.k;
            out[r * n + j] = (a.upper ? above >= 0 : above <= 0) ? from[r * n + j] : T(0);
          }
      });
      return y;
    },
    [](const Tensor& w, const Tensor&, const Triangle& a) { return a.upper ? triu(w, a.k) : tril(w, a.k); });

struct Matrix {
  int64_t rows, columns;
};
Tensor embed(const Tensor& x, const Matrix& size);

const Op diagonal_op = record::linear<NoAttributes>(
    "diagonal",
    [](const Tensor& x, NoAttributes) {
      const int64_t m = x.dim(-2), n = x.dim(-1), length = std::min(m, n), batch = x.shape().outer(x.rank() - 2);
      Tensor y = empty(x.shape().without(x.rank() - 1).without(x.rank() - 2).with(x.rank() - 2, length), x.dtype());
      dispatch(x.dtype(), [&](auto t) {
        using T = decltype(t);
        const T* from = x.node()->data<T>();
        T* out = mutable_data<T>(y);
        for (int64_t b = 0; b < batch; ++b)
          for (int64_t i = 0; i < length; ++i) out[b * length + i] = from[b * m * n + i * n + i];
      });
      return y;
    },
    [](const Tensor& w, const Tensor& x, NoAttributes) {
      return embed(w, {x.dim(-2), x.dim(-1)});
    });

const Op diag_embed_op = record::linear<Matrix>(
    "diag_embed",
    [](const Tensor& x, const Matrix& size) {
      Shape shape = x.shape();
      const int64_t length = x.dim(-1), batch = shape.outer(x.rank() - 1);
      shape[x.rank() - 1] = size.rows;
      shape.push_back(size.columns);
      Tensor y = zeros(shape, x.dtype());
      dispatch(x.dtype(), [&](auto t) {
        using T = decltype(t);
        const T* from = x.node()->data<T>();
        T* out = mutable_data<T>(y);
        for (int64_t b = 0; b < batch; ++b)
          for (int64_t i = 0; i < length; ++i)
            out[b * size.rows * size.columns + i * size.columns + i] = from[b * length + i];
      });
      return y;
    },
    [](const Tensor& w, const Tensor&, const Matrix&) { return diagonal(w); });

Tensor embed(const Tensor& x, const Matrix& size) { return apply(diag_embed_op, {x}, attributes(size)); }

void check_matrix(const char* op, const Tensor& x) {
  if (x.rank() < 2) fail<ShapeError>(op, "shape ", x.shape(), " has fewer than two axes. Reshape it to a matrix.");
}

}  // namespace

Tensor triu(const Tensor& x, int64_t k) {
  check_matrix("triu", x);
  return apply(triangle_op, {x}, attributes(Triangle{k, true}));
}
Tensor tril(const Tensor& x, int64_t k) {
  check_matrix("tril", x);
  return apply(triangle_op, {x}, attributes(Triangle{k, false}));
}
Tensor diagonal(const Tensor& x) {
  check_matrix("diagonal", x);
  return apply(diagonal_op, {x});
}
Tensor diag_embed(const Tensor& x) {
  if (x.rank() < 1) fail<ShapeError>("diag_embed", "a 0-d tensor has no last axis. Reshape it to (1,).");
  return embed(x, {x.dim(-1), x.dim(-1)});
}

std::vector<const Op*> diagonal_ops() { return {&triangle_op, &diagonal_op, &diag_embed_op}; }

}  // namespace dimwise
