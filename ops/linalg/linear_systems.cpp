#include "ops/linalg.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/custom.hpp"
#include "autodiff/op.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/matrices.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"

// Linear systems and factorizations for them: LU, inverse, triangular, Cholesky.

namespace dimwise {

namespace {

using linalg::List;
using linalg::Matrices;

// A copy that a kernel may overwrite.
Tensor copied(const Tensor& x) {
  Tensor y = empty(x.shape(), x.dtype());
  dispatch(x.dtype(),
           [&](auto t) { std::copy_n(x.node()->data<decltype(t)>(), x.size(), mutable_data<decltype(t)>(y)); });
  return y;
}

Tensor solve_value(const Tensor& a, const Tensor& b, bool transposed) {
  const Matrices squares = linalg::square_of("solve", a), columns = linalg::batch_beside("solve", a, b);
  linalg::check_finite("solve", "A", a);
  Tensor x = copied(b);
  linalg::each(a, squares, [&](auto t, int64_t i) {
    using T = decltype(t);
    const int info = kernels::solve(a.node()->data<T>() + i * squares.area(), squares.rows, transposed,
                                    mutable_data<T>(x) + i * columns.area(), columns.columns);
    if (info != 0)
      fail<ValueError>("solve", squares.name(i), " is singular: pivot ", info - 1,
                       " is 0. Use lstsq, or add a multiple of the identity.");
  });
  return x;
}

Tensor solve_either(const Tensor& a, const Tensor& b, bool transposed) {
  const auto rule = CustomRule{
      "solve", [transposed](const List& in) { return solve_value(in[0], in[1], transposed); },
      [transposed](const List& in, const Tensor& x, const Tensor& w) {
        const Tensor db = solve_either(in[0], w, !transposed);
        return List{-(transposed ? matmul(x, db, {.transpose_b = true}) : matmul(db, x, {.transpose_b = true})), db};
      },
      [transposed](const List& in, const Tensor& x, const List& tangents) {
        const Tensor moved = matmul(tangents[0], x, {.transpose_a = transposed});
        return solve_either(in[0], tangents[1] - moved, transposed);
      }};
  return custom(rule, {a, b});
}

Tensor inverse_value(const char* where, const Tensor& a) {
  const Matrices batch = linalg::square_of(where, a);
  linalg::check_finite(where, "A", a);
  Tensor x = copied(a);
  linalg::each(a, batch, [&](auto t, int64_t i) {
    const int info = kernels::inverse(mutable_data<decltype(t)>(x) + i * batch.area(), batch.rows);
    if (info != 0)
      fail<ValueError>(where, batch.name(i), " is singular: pivot ", info - 1,
                       " is 0. Use pinv, or add a multiple of the identity.");
  });
  return x;
}

Tensor cholesky_value(const Tensor& a) {
  const Matrices batch = linalg::square_of("cholesky", a);
  linalg::check_finite_triangle("cholesky", a, false);
  Tensor l = copied(a);
  linalg::each(a, batch, [&](auto t, int64_t i) {
    const int info = kernels::cholesky(mutable_data<decltype(t)>(l) + i * batch.area(), batch.rows);
    if (info != 0)
      fail<ValueError>("cholesky", batch.name(i), " is not positive definite: its leading minor of order ", info,
                       " is not positive. Add a multiple of the identity.");
  });
  return l;
}

// Solves with a triangular matrix and, with `twice`, then with its transpose.
Tensor triangular_value(const char* where, const Tensor& a, const Tensor& b, const TriangularOptions& options,
                        bool twice) {
  const Matrices squares = linalg::square_of(where, a), columns = linalg::batch_beside(where, a, b);
  linalg::check_finite_triangle(where, a, options.upper);
  Tensor x = copied(b);
  linalg::each(a, squares, [&](auto t, int64_t i) {
    using T = decltype(t);
    const T* from = a.node()->data<T>() + i * squares.area();
    const int n = squares.rows;
    for (int64_t k = 0; k < n; ++k)
      if (from[k * n + k] == T(0))
        fail<ValueError>(where, squares.name(i), " is singular: element ", k,
                         " of its diagonal is 0. Check diagonal(A) before solving.");
    T* to = mutable_data<T>(x) + i * columns.area();
    kernels::triangular_solve(from, n, options.upper, options.transpose, to, columns.columns);
    if (twice) kernels::triangular_solve(from, n, options.upper, !options.transpose, to, columns.columns);
  });
  return x;
}

}  // namespace

Tensor linalg::inverse(const char* where, const Tensor& a) {
  const auto rule =
      CustomRule{"inv", [where](const List& in) { return inverse_value(where, in[0]); },
                 [](const List&, const Tensor& x, const Tensor& w) {
                   const Tensor left = matmul(x, w, {.transpose_a = true});
                   return List{-matmul(left, x, {.transpose_b = true})};
                 },
                 [](const List&, const Tensor& x, const List& tangents) { return -matmul(matmul(x, tangents[0]), x); }};
  return custom(rule, {a});
}

Tensor inv(const Tensor& a) { return linalg::inverse("inv", a); }

Tensor solve(const Tensor& a, const Tensor& b) {
  check_inputs("solve", List{a, b});
  return solve_either(a, b, false);
}

Tensor triangular_solve(const Tensor& a, const Tensor& b, const TriangularOptions& options) {
  check_inputs("triangular_solve", List{a, b});
  const auto triangle = [options](const Tensor& m) { return options.upper ? triu(m) : tril(m); };
  const auto rule = CustomRule{
      "triangular_solve",
      [options](const List& in) { return triangular_value("triangular_solve", in[0], in[1], options, false); },
      [options, triangle](const List& in, const Tensor& x, const Tensor& w) {
        const Tensor db = triangular_solve(in[0], w, {options.upper, !options.transpose});
        const Tensor da =
            options.transpose ? matmul(x, db, {.transpose_b = true}) : matmul(db, x, {.transpose_b = true});
        return List{-triangle(da), db};
      },
      [options, triangle](const List& in, const Tensor& x, const List& tangents) {
        const Tensor moved = matmul(triangle(tangents[0]), x, {.transpose_a = options.transpose});
        return triangular_solve(in[0], tangents[1] - moved, options);
      }};
  return custom(rule, {a, b});
}

Tensor cholesky(const Tensor& a) {
  const auto rule =
      CustomRule{"cholesky", [](const List& in) { return cholesky_value(in[0]); },
                 [](const List&, const Tensor& l, const Tensor& w) {
                   const Tensor p = linalg::lower_half(matmul(l, w, {.transpose_a = true}));
                   const Tensor half = triangular_solve(l, p, {.transpose = true});
                   return List{linalg::symmetric(triangular_solve(l, transpose(half), {.transpose = true}))};
                 },
                 [](const List&, const Tensor& l, const List& tangents) {
                   const Tensor half = triangular_solve(l, linalg::symmetric(tangents[0]));
                   return matmul(l, linalg::lower_half(triangular_solve(l, transpose(half))));
                 }};
  return custom(rule, {a});
}

Tensor cholesky_solve(const Tensor& l, const Tensor& b) {
  check_inputs("cholesky_solve", List{l, b});
  // dX = −(L Lᵀ)⁻¹ (dL Lᵀ + L dLᵀ) X + (L Lᵀ)⁻¹ dB.
  const auto rule = CustomRule{
      "cholesky_solve", [](const List& in) { return triangular_value("cholesky_solve", in[0], in[1], {}, true); },
      [](const List& in, const Tensor& x, const Tensor& w) {
        const Tensor db = cholesky_solve(in[0], w), zx = matmul(db, x, {.transpose_b = true});
        return List{-tril(matmul(2 * linalg::symmetric(zx), tril(in[0]))), db};
      },
      [](const List& in, const Tensor& x, const List& tangents) {
        const Tensor moved = matmul(tril(tangents[0]), tril(in[0]), {.transpose_b = true});
        return cholesky_solve(in[0], tangents[1] - matmul(2 * linalg::symmetric(moved), x));
      }};
  return custom(rule, {l, b});
}

}  // namespace dimwise
