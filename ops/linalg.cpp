#include "ops/linalg.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "autodiff/basic.hpp"
#include "autodiff/custom.hpp"
#include "autodiff/error.hpp"
#include "ops/arithmetic.hpp"
#include "ops/lapack.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

namespace {

using lapack::pick;
using List = std::vector<Tensor>;

struct Size {
  int64_t batch;
  int n;
};

Size square_of(const char* where, const Tensor& a) {
  if (a.rank() < 2 || a.dim(-1) != a.dim(-2) || a.dim(-1) == 0)
    fail<ShapeError>(where, "A has shape ", a.shape(), ". It must be square: (…, n, n) with n at least 1.");
  return {a.shape().outer(a.rank() - 2), static_cast<int>(a.dim(-1))};
}

int columns_of(const char* where, const Tensor& a, const Tensor& b) {
  const List both = {a, b};
  check_inputs(where, both);
  Shape expected = a.shape();
  if (b.rank() == a.rank()) expected[a.rank() - 1] = b.dim(-1);
  if (b.shape() != expected || b.dim(-1) == 0)
    fail<ShapeError>(where, "B has shape ", b.shape(), " where A has ", a.shape(), ". B must be (…, n, m).");
  return static_cast<int>(b.dim(-1));
}

// Calls body(T, i) for each matrix of a batch.
template <class Body>
void each(DType dtype, int64_t batch, Body body) {
  dispatch(dtype, [&](auto t) {
    for (int64_t i = 0; i < batch; ++i) body(t, i);
  });
}

// Row-major (rows, columns) to column-major, or back when called with them exchanged.
template <class T>
void turn(const T* from, T* to, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
}

Tensor cholesky_value(const Tensor& a) {
  const auto [batch, n] = square_of("cholesky", a);
  Tensor l = empty(a.shape(), a.dtype());
  each(a.dtype(), batch, [&, n = n](auto t, int64_t i) {
    using T = decltype(t);
    const T* from = a.node()->data<T>() + i * n * n;
    T* to = mutable_data<T>(l) + i * n * n;
    for (int r = 0; r < n; ++r)
      for (int c = 0; c < n; ++c) to[r * n + c] = c <= r ? from[r * n + c] : T(0);
    int info = 0;
    // What is lower in rows is upper in columns.
    pick<T>(lapack::spotrf_, lapack::dpotrf_)("U", &n, to, &n, &info);
    if (info != 0)
      fail<ValueError>("cholesky", "the matrix is not positive definite: its leading minor of order ", info,
                       " is not positive. Add a multiple of the identity.");
  });
  return l;
}

Tensor triangular_value(const Tensor& a, const Tensor& b, const TriangularOptions& options) {
  const auto [batch, n] = square_of("triangular_solve", a);
  const int m = columns_of("triangular_solve", a, b);
  Tensor x = empty(b.shape(), b.dtype());
  each(a.dtype(), batch, [&, n = n](auto t, int64_t i) {
    using T = decltype(t);
    std::vector<T> columns(static_cast<size_t>(n) * static_cast<size_t>(m));
    turn(b.node()->data<T>() + i * n * m, columns.data(), n, m);
    int info = 0;
    pick<T>(lapack::strtrs_, lapack::dtrtrs_)(options.upper ? "L" : "U", options.transpose ? "N" : "T", "N", &n, &m,
                                              a.node()->data<T>() + i * n * n, &n, columns.data(), &n, &info);
    if (info != 0)
      fail<ValueError>("triangular_solve", "the matrix is singular: element ", info - 1, " of its diagonal is 0.");
    turn(columns.data(), mutable_data<T>(x) + i * n * m, m, n);
  });
  return x;
}

// The LU factors of Aᵀ, as its rows are read as columns.
template <class T>
int factorise(const Tensor& a, int64_t i, int n, std::vector<T>& lu, std::vector<int>& pivots) {
  const T* from = a.node()->data<T>() + i * n * n;
  lu.assign(from, from + n * n);
  pivots.resize(static_cast<size_t>(n));
  int info = 0;
  pick<T>(lapack::sgetrf_, lapack::dgetrf_)(&n, &n, lu.data(), &n, pivots.data(), &info);
  return info;
}

Tensor solve_value(const Tensor& a, const Tensor& b) {
  const auto [batch, n] = square_of("solve", a);
  const int m = columns_of("solve", a, b);
  Tensor x = empty(b.shape(), b.dtype());
  each(a.dtype(), batch, [&, n = n](auto t, int64_t i) {
    using T = decltype(t);
    std::vector<T> lu, columns(static_cast<size_t>(n) * static_cast<size_t>(m));
    std::vector<int> pivots;
    int info = factorise<T>(a, i, n, lu, pivots);
    if (info != 0) fail<ValueError>("solve", "the matrix is singular: pivot ", info - 1, " is 0.");
    turn(b.node()->data<T>() + i * n * m, columns.data(), n, m);
    pick<T>(lapack::sgetrs_, lapack::dgetrs_)("T", &n, &m, lu.data(), &n, pivots.data(), columns.data(), &n, &info);
    turn(columns.data(), mutable_data<T>(x) + i * n * m, m, n);
  });
  return x;
}

Tensor logdet_value(const Tensor& a) {
  const auto [batch, n] = square_of("logdet", a);
  Tensor y = empty(a.shape().without(a.rank() - 1).without(a.rank() - 2), a.dtype());
  each(a.dtype(), batch, [&, n = n](auto t, int64_t i) {
    using T = decltype(t);
    std::vector<T> lu;
    std::vector<int> pivots;
    factorise<T>(a, i, n, lu, pivots);
    T total = 0;
    for (int64_t k = 0; k < n; ++k) total += std::log(std::abs(lu[static_cast<size_t>(k * n + k)]));
    mutable_data<T>(y)[i] = total;
  });
  return y;
}

// The lower triangle with half the diagonal: what a symmetric matrix's two triangles share out.
Tensor lower_half(const Tensor& m) { return tril(m) - 0.5 * diag_embed(diagonal(m)); }
Tensor symmetric(const Tensor& m) { return 0.5 * (m + transpose(m)); }

}  // namespace

Tensor cholesky(const Tensor& a) {
  const auto rule = CustomRule{"cholesky", [](const List& in) { return cholesky_value(in[0]); },
                               [](const List&, const Tensor& l, const Tensor& w) {
                                 const Tensor p = lower_half(matmul(l, w, {.transpose_a = true}));
                                 const Tensor half = triangular_solve(l, p, {.transpose = true});
                                 return List{symmetric(triangular_solve(l, transpose(half), {.transpose = true}))};
                               },
                               [](const List&, const Tensor& l, const List& tangents) {
                                 const Tensor half = triangular_solve(l, symmetric(tangents[0]));
                                 return matmul(l, lower_half(triangular_solve(l, transpose(half))));
                               }};
  return custom(rule, {a});
}

Tensor triangular_solve(const Tensor& a, const Tensor& b, const TriangularOptions& options) {
  const auto triangle = [options](const Tensor& m) { return options.upper ? triu(m) : tril(m); };
  const auto rule =
      CustomRule{"triangular_solve", [options](const List& in) { return triangular_value(in[0], in[1], options); },
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

Tensor solve(const Tensor& a, const Tensor& b) {
  const auto rule = CustomRule{"solve", [](const List& in) { return solve_value(in[0], in[1]); },
                               [](const List& in, const Tensor& x, const Tensor& w) {
                                 const Tensor db = solve(transpose(in[0]), w);
                                 return List{-matmul(db, x, {.transpose_b = true}), db};
                               },
                               [](const List& in, const Tensor& x, const List& tangents) {
                                 return solve(in[0], tangents[1] - matmul(tangents[0], x));
                               }};
  return custom(rule, {a, b});
}

Tensor logdet(const Tensor& a) {
  const auto inverse_transposed = [](const Tensor& m) {
    return solve(transpose(m), broadcast_to(eye(m.dim(-1), m.dtype()), m.shape()));
  };
  const auto rule = CustomRule{"logdet", [](const List& in) { return logdet_value(in[0]); },
                               [=](const List& in, const Tensor&, const Tensor& w) {
                                 return List{unsqueeze(unsqueeze(w, -1), -1) * inverse_transposed(in[0])};
                               },
                               [=](const List& in, const Tensor&, const List& tangents) {
                                 return sum(inverse_transposed(in[0]) * tangents[0], {-2, -1});
                               }};
  return custom(rule, {a});
}

std::pair<Tensor, Tensor> qr(const Tensor& a) {
  if (a.rank() != 2) fail<ShapeError>("qr", "A has shape ", a.shape(), ". It must be one matrix.");
  if (a.tracked() && recording())
    fail<ValueError>("qr", "A is tracked, and qr has no derivative. Apply stop_gradient to A first.");
  const int m = static_cast<int>(a.dim(0)), n = static_cast<int>(a.dim(1)), k = std::min(m, n);
  Tensor q = empty({m, k}, a.dtype()), r = zeros({k, n}, a.dtype());
  dispatch(a.dtype(), [&](auto t) {
    using T = decltype(t);
    if (k == 0) return;
    std::vector<T> columns(static_cast<size_t>(m) * static_cast<size_t>(n)), tau(static_cast<size_t>(k));
    turn(a.node()->data<T>(), columns.data(), m, n);
    const int length = 64 * std::max(m, n);
    std::vector<T> work(static_cast<size_t>(length));
    int info = 0;
    pick<T>(lapack::sgeqrf_, lapack::dgeqrf_)(&m, &n, columns.data(), &m, tau.data(), work.data(), &length, &info);
    for (int row = 0; row < k; ++row)
      for (int c = row; c < n; ++c)
        mutable_data<T>(r)[row * n + c] =
            columns[static_cast<size_t>(c) * static_cast<size_t>(m) + static_cast<size_t>(row)];
    pick<T>(lapack::sorgqr_, lapack::dorgqr_)(&m, &k, &k, columns.data(), &m, tau.data(), work.data(), &length, &info);
    turn(columns.data(), mutable_data<T>(q), k, m);
  });
  return {q, r};
}

}  // namespace dimwise
