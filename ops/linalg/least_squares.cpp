#include "autodiff/custom.hpp"
#include "autodiff/op.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/matrices.hpp"
#include "ops/layout.hpp"
#include "ops/linalg.hpp"
#include "ops/matmul.hpp"

namespace dimwise {

namespace {

using linalg::List;
using linalg::Matrices;

constexpr MatmulOptions first_transposed{.transpose_a = true}, second_transposed{.transpose_b = true};

double cutoff(const Tensor& a, double rcond) { return rcond < 0 ? linalg::relative_zero(a) : rcond; }

Tensor lstsq_value(const char* where, const Tensor& a, const Tensor& b, double rcond) {
  const Matrices batch = linalg::batch_of(where, a), sides = linalg::batch_beside(where, a, b);
  linalg::check_finite(where, "A", a);
  const int m = batch.rows, n = batch.columns, k = sides.columns;
  Tensor x = empty(batch.with({n, k}), a.dtype());
  linalg::each(a, batch, [&](auto t, int64_t i) {
    using T = decltype(t);
    if (!kernels::least_squares(a.node()->data<T>() + i * batch.area(), m, n, b.node()->data<T>() + i * sides.area(), k,
                                cutoff(a, rcond), mutable_data<T>(x) + i * int64_t{n} * k))
      linalg::not_converged(where, batch.name(i));
  });
  return x;
}

// A⁺ = V diag(1/s) Uᵀ without the singular values that count as 0.
Tensor pinv_value(const Tensor& a, double rcond) {
  const Matrices batch = linalg::batch_of("pinv", a);
  linalg::check_finite("pinv", "A", a);
  const int64_t m = batch.rows, n = batch.columns, k = batch.shorter();
  Tensor u = empty(batch.with({m, k}), a.dtype()), s = empty({k}, a.dtype()), vt = empty(batch.with({k, n}), a.dtype());
  linalg::each(a, batch, [&](auto t, int64_t i) {
    using T = decltype(t);
    T *to_u = mutable_data<T>(u) + i * m * k, *values = mutable_data<T>(s);
    if (!kernels::svd(a.node()->data<T>() + i * m * n, batch.rows, batch.columns, to_u, values,
                      mutable_data<T>(vt) + i * k * n))
      linalg::not_converged("pinv", batch.name(i));
    for (int64_t j = 0; j < k; ++j) {
      const bool counts = values[j] > static_cast<T>(cutoff(a, rcond)) * values[0];
      for (int64_t r = 0; r < m; ++r) to_u[r * k + j] = counts ? to_u[r * k + j] / values[j] : T(0);
    }
  });
  return matmul(vt, u, {.transpose_a = true, .transpose_b = true});
}

// (I − A A⁺) X, with the projection onto the columns, and (I − A⁺ A) X, with that onto the rows; both are symmetric.
Tensor off_columns(const Tensor& a, const Tensor& inverse, const Tensor& x) {
  return x - matmul(a, matmul(inverse, x));
}
Tensor off_rows(const Tensor& a, const Tensor& inverse, const Tensor& x) { return x - matmul(inverse, matmul(a, x)); }

}  // namespace

// dX = −X dA X + X Xᵀ dAᵀ (I − A X) + (I − X A) dAᵀ Xᵀ X.
Tensor pinv(const Tensor& a, double rcond) {
  const auto rule =
      CustomRule{"pinv", [rcond](const List& in) { return pinv_value(in[0], rcond); },
                 [](const List& in, const Tensor& x, const Tensor& w) {
                   const Tensor wt = transpose(w), wtx = matmul(wt, x), xwt = matmul(x, wt);
                   const Tensor direct = matmul(matmul(x, w, first_transposed), x, second_transposed);
                   const Tensor columns = matmul(off_columns(in[0], x, wtx), x, second_transposed);
                   const Tensor rows = matmul(x, transpose(off_rows(in[0], x, transpose(xwt))), first_transposed);
                   return List{columns + rows - direct};
                 },
                 [](const List& in, const Tensor& x, const List& tangents) {
                   const Tensor dat = transpose(tangents[0]), xt = transpose(x);
                   const Tensor columns = matmul(x, transpose(off_columns(in[0], x, matmul(tangents[0], x))));
                   const Tensor rows = matmul(off_rows(in[0], x, matmul(dat, xt)), x);
                   return columns + rows - matmul(x, matmul(tangents[0], x));
                 }};
  return custom(rule, {a});
}

// dX = A⁺ (dB − dA X) + A⁺ A⁺ᵀ dAᵀ (B − A X) + (I − A⁺ A) dAᵀ A⁺ᵀ X.
Tensor lstsq(const Tensor& a, const Tensor& b, double rcond) {
  check_inputs("lstsq", List{a, b});
  const auto rule = CustomRule{
      "lstsq", [rcond](const List& in) { return lstsq_value("lstsq", in[0], in[1], rcond); },
      [rcond](const List& in, const Tensor& x, const Tensor& w) {
        const Tensor inverse = pinv(in[0], rcond), residual = in[1] - matmul(in[0], x);
        const Tensor db = matmul(inverse, w, first_transposed);
        const Tensor columns = matmul(residual, matmul(inverse, db), second_transposed);
        const Tensor rows =
            matmul(matmul(inverse, x, first_transposed), off_rows(in[0], inverse, w), second_transposed);
        return List{columns + rows - matmul(db, x, second_transposed), db};
      },
      [rcond](const List& in, const Tensor& x, const List& tangents) {
        const Tensor inverse = pinv(in[0], rcond), residual = in[1] - matmul(in[0], x);
        const Tensor along = tangents[1] - matmul(tangents[0], x) +
                             matmul(inverse, matmul(tangents[0], residual, first_transposed), first_transposed);
        const Tensor turned = matmul(tangents[0], matmul(inverse, x, first_transposed), first_transposed);
        return matmul(inverse, along) + off_rows(in[0], inverse, turned);
      }};
  return custom(rule, {a, b});
}

}  // namespace dimwise
