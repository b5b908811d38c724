#include <algorithm>
#include <cmath>
#include <vector>

#include "autodiff/base/error.hpp"
#include "autodiff/custom.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/matrices.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/linalg.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"

// Orthogonal factors: qr, svd, eigh. Each has several results, packed into one tensor on the tape.

namespace dimwise {

namespace {

using linalg::List;
using linalg::Matrices;

constexpr MatmulOptions at_b{.transpose_a = true}, a_bt{.transpose_b = true};

Tensor rows_of_one(const Tensor& x) { return unsqueeze(x, -2); }
Tensor columns_of_one(const Tensor& x) { return unsqueeze(x, -1); }

bool on_tape(const Tensor& a) { return a.tracked() && recording(); }

// 1 / x where defined, 0 elsewhere.
Tensor inverse_where(const Tensor& defined, const Tensor& x) {
  return where(defined, 1.0 / where(defined, x, 1.0), 0.0);
}

// The threshold below which a difference from the values, (…, k) with k > 0, is rounding.
Tensor rounding(const Tensor& a, const Tensor& values) {
  return stop_gradient(max(abs(values), {-1}, true)) * linalg::relative_zero(a);
}

// Calls refuse(batch, i, j) for the first element of (…, p, q) that is used but not defined.
template <class Refuse>
void refuse_used(const Tensor& defined, const Tensor& used, Refuse refuse) {
  const std::vector<double> fine = broadcast_to(defined, used.shape()).values(), x = used.values();
  const int64_t p = used.dim(-2), q = used.dim(-1);
  for (int64_t e = 0; e < used.size(); ++e)
    if (fine[static_cast<size_t>(e)] == 0 && x[static_cast<size_t>(e)] != 0) refuse(e / (p * q), e / q % p, e % q);
}

// 1 / (v_j − v_i), with 0 on the diagonal. Throws if values are equal and the corresponding columns of x are not 0.
Tensor inverse_gaps(const char* function, const Matrices& batch, const Tensor& values, const Tensor& tolerance,
                    const Tensor& x) {
  const Tensor gaps = rows_of_one(values) - columns_of_one(values);
  const Tensor apart = greater(abs(gaps), columns_of_one(tolerance));
  const Tensor column = sum(abs(stop_gradient(x)), {-2});
  refuse_used(apart, rows_of_one(column) + columns_of_one(column), [&](int64_t b, int64_t i, int64_t j) {
    if (i != j)
      fail<ValueError>(function, "values ", std::min(i, j), " and ", std::max(i, j), " of ", batch.name(b),
                       " are equal to rounding, and their vectors have no derivative. Differentiate only the values, "
                       "in reverse mode.");
  });
  return inverse_where(apart, gaps);
}

List qr_value(const Tensor& a) {
  const Matrices batch = linalg::batch_of("qr", a);
  const int m = batch.rows, n = batch.columns;
  linalg::check_finite("qr", "A", a);
  Tensor q = empty(a.shape(), a.dtype()), r = empty(batch.with({n, n}), a.dtype());
  linalg::each(a, batch, [&](auto t, int64_t i) {
    using T = decltype(t);
    kernels::qr(a.node()->data<T>() + i * batch.area(), m, n, mutable_data<T>(q) + i * m * n,
                mutable_data<T>(r) + i * n * n);
  });
  return {q, r};
}

void check_independent(const Matrices& batch, const Tensor& r, double relative) {
  const std::vector<double> x = r.values();
  const size_t n = static_cast<size_t>(batch.columns);
  for (size_t b = 0; b < static_cast<size_t>(batch.count()); ++b)
    for (size_t j = 0; j < n; ++j) {
      double square = 0;
      for (size_t i = 0; i <= j; ++i) square += std::pow(x[(b * n + i) * n + j], 2);
      if (std::abs(x[(b * n + j) * n + j]) <= relative * std::sqrt(square))
        fail<ValueError>(
            "qr", "column ", j, " of ", batch.name(static_cast<int64_t>(b)),
            " is linearly dependent on the previous ones, to rounding, so qr has no derivative. Use svd or pinv.");
    }
}

// For m ≥ n. With C = Qᵀ dA R⁻¹ and the antisymmetric Ω with C's lower triangle, dR = (C − Ω) R and dQ = dA R⁻¹ − Q
// (C − Ω).
std::pair<Tensor, Tensor> qr_tall(const Tensor& a) {
  if (!on_tape(a)) {
    const List value = qr_value(a);
    return {value[0], value[1]};
  }
  const Matrices batch = linalg::batch_of("qr", a);
  const std::vector<Shape> shapes{a.shape(), batch.with({batch.columns, batch.columns})};
  const auto factors = [=](const Tensor& y) {
    List all = linalg::unpack(y, shapes);
    check_independent(batch, all[1], linalg::relative_zero(all[0]));
    return all;
  };
  const auto times_inverse = [](const Tensor& x, const Tensor& r, bool transposed) {
    return transpose(triangular_solve(r, transpose(x), {.upper = true, .transpose = !transposed}));
  };
  const auto rule =
      CustomRule{"qr", [=](const List& in) { return linalg::pack(batch.leading, qr_value(in[0])); },
                 [=](const List&, const Tensor& y, const Tensor& w) {
                   const List qr = factors(y), to = linalg::unpack(w, shapes);
                   const Tensor m = matmul(qr[1], to[1], a_bt) - matmul(to[0], qr[0], at_b);
                   const Tensor mirrored = 2 * linalg::symmetric(linalg::lower_half(m));
                   return List{times_inverse(to[0] + matmul(qr[0], mirrored), qr[1], true)};
                 },
                 [=](const List&, const Tensor& y, const List& tangents) {
                   const List qr = factors(y);
                   const Tensor moved = times_inverse(tangents[0], qr[1], false), c = matmul(qr[0], moved, at_b);
                   const Tensor upper = c - 2 * linalg::antisymmetric(tril(c, -1));
                   return linalg::pack(batch.leading, {moved - matmul(qr[0], upper), matmul(upper, qr[1])});
                 }};
  const List parts = linalg::unpack(custom(rule, {a}), shapes);
  return {parts[0], parts[1]};
}

List svd_value(const Tensor& a) {
  const Matrices batch = linalg::batch_of("svd", a);
  const int64_t m = batch.rows, n = batch.columns, k = batch.shorter();
  linalg::check_finite("svd", "A", a);
  Tensor u = empty(batch.with({m, k}), a.dtype()), s = empty(batch.with({k}), a.dtype()),
         vt = empty(batch.with({k, n}), a.dtype());
  linalg::each(a, batch, [&](auto t, int64_t i) {
    using T = decltype(t);
    if (!kernels::svd(a.node()->data<T>() + i * m * n, batch.rows, batch.columns, mutable_data<T>(u) + i * m * k,
                      mutable_data<T>(s) + i * k, mutable_data<T>(vt) + i * k * n))
      linalg::not_converged("svd", batch.name(i));
  });
  return {u, s, vt};
}

// The coefficients of the derivative of svd: 1 / (s_j − s_i), 1 / (s_i + s_j) and 1 / s.
struct SvdCoefficients {
  SvdCoefficients(const Matrices& batch, const Tensor& a, const Tensor& s, const Tensor& x) {
    const Tensor tolerance = rounding(a, s);
    gaps = inverse_gaps("svd", batch, s, tolerance, x);
    const Tensor both = rows_of_one(s) + columns_of_one(s);
    sums = inverse_where(greater(both, columns_of_one(tolerance)), both);
    positive = greater(s, tolerance);
    inverse = rows_of_one(inverse_where(positive, s));
  }
  // x of shape (…, p, k), its columns divided by s, projected onto the complement of the span of q.
  Tensor outside(const Matrices& batch, const Tensor& q, const Tensor& x) const {
    refuse_used(rows_of_one(positive), x, [&](int64_t b, int64_t, int64_t j) {
      fail<ValueError>("svd", "singular value ", j, " of ", batch.name(b),
                       " is 0 to rounding, so the vectors of a matrix that is not square have no derivative. "
                       "Differentiate only the values, in reverse mode.");
    });
    return (x - matmul(q, matmul(q, x, at_b))) * inverse;
  }
  Tensor gaps, sums, positive, inverse;
};

List eigh_value(const Tensor& a) {
  const Matrices batch = linalg::square_of("eigh", a);
  const int64_t n = batch.rows;
  linalg::check_finite_triangle("eigh", a, false);
  Tensor values = empty(batch.with({n}), a.dtype()), vectors = empty(a.shape(), a.dtype());
  linalg::each(a, batch, [&](auto t, int64_t i) {
    using T = decltype(t);
    if (!kernels::eigh(a.node()->data<T>() + i * n * n, batch.rows, mutable_data<T>(values) + i * n,
                       mutable_data<T>(vectors) + i * n * n))
      linalg::not_converged("eigh", batch.name(i));
  });
  return {values, vectors};
}

}  // namespace

std::pair<Tensor, Tensor> qr(const Tensor& a) {
  const Matrices batch = linalg::batch_of("qr", a);
  if (batch.rows >= batch.columns) return qr_tall(a);
  linalg::check_finite("qr", "A", a);
  const auto [q, r] = qr_tall(slice(a, -1, 0, batch.rows));
  return {q, concat({r, matmul(q, slice(a, -1, batch.rows, batch.columns), at_b)}, -1)};
}

// With P = Uᵀ dA V: ds = diag P; UᵀdU and VᵀdV are (K ± L) / 2 for K_ij = (P + Pᵀ)_ij / (s_j − s_i) and
// L_ij = (P − Pᵀ)_ij / (s_i + s_j); outside their spans the derivatives of U and V are dA V / s and dAᵀ U / s.
Svd svd(const Tensor& a) {
  if (!on_tape(a)) {
    const List value = svd_value(a);
    return {value[0], value[1], value[2]};
  }
  const Matrices batch = linalg::batch_of("svd", a);
  const int k = batch.shorter();
  const bool tall = batch.rows > k, wide = batch.columns > k;
  const std::vector<Shape> shapes{batch.with({batch.rows, k}), batch.with({k}), batch.with({k, batch.columns})};
  const auto rule = CustomRule{"svd", [=](const List& in) { return linalg::pack(batch.leading, svd_value(in[0])); },
                               [=](const List& in, const Tensor& y, const Tensor& w) {
                                 if (k == 0) return List{zeros_like(in[0])};
                                 const List usv = linalg::unpack(y, shapes), to = linalg::unpack(w, shapes);
                                 const Tensor &u = usv[0], &s = usv[1], &vt = usv[2];
                                 const Tensor xu = matmul(u, to[0], at_b), xv = matmul(vt, to[2], a_bt);
                                 const SvdCoefficients c(batch, in[0], s, abs(xu) + abs(xv));
                                 const Tensor inside = diag_embed(to[1]) + linalg::symmetric(c.gaps * (xu + xv)) +
                                                       linalg::antisymmetric(c.sums * (xu - xv));
                                 Tensor left = matmul(u, inside);
                                 if (tall) left = left + c.outside(batch, u, to[0]);
                                 Tensor result = matmul(left, vt);
                                 if (wide)
                                   result = result + matmul(u, c.outside(batch, transpose(vt), transpose(to[2])), a_bt);
                                 return List{result};
                               },
                               [=](const List& in, const Tensor& y, const List& tangents) {
                                 if (k == 0) return zeros_like(y);
                                 const List usv = linalg::unpack(y, shapes);
                                 const Tensor &u = usv[0], &s = usv[1], &vt = usv[2];
                                 const Tensor av = matmul(tangents[0], vt, a_bt), p = matmul(u, av, at_b);
                                 const SvdCoefficients c(batch, in[0], s, abs(p) + abs(transpose(p)));
                                 const Tensor common = c.gaps * linalg::symmetric(p),
                                              opposite = c.sums * linalg::antisymmetric(p);
                                 Tensor du = matmul(u, common + opposite), dvt = matmul(common - opposite, vt, at_b);
                                 if (tall) du = du + c.outside(batch, u, av);
                                 if (wide)
                                   dvt = dvt + transpose(c.outside(batch, transpose(vt), matmul(tangents[0], u, at_b)));
                                 return linalg::pack(batch.leading, {du, diagonal(p), dvt});
                               }};
  const List parts = linalg::unpack(custom(rule, {a}), shapes);
  return {parts[0], parts[1], parts[2]};
}

// With P = Vᵀ dA V: dw = diag P, and VᵀdV_ij = P_ij / (w_j − w_i).
Eigh eigh(const Tensor& a) {
  if (!on_tape(a)) {
    const List value = eigh_value(a);
    return {value[0], value[1]};
  }
  const Matrices batch = linalg::square_of("eigh", a);
  const int n = batch.rows;
  const std::vector<Shape> shapes{batch.with({n}), a.shape()};
  const auto rule =
      CustomRule{"eigh", [=](const List& in) { return linalg::pack(batch.leading, eigh_value(in[0])); },
                 [=](const List& in, const Tensor& y, const Tensor& w) {
                   if (n == 0) return List{zeros_like(in[0])};
                   const List parts = linalg::unpack(y, shapes), to = linalg::unpack(w, shapes);
                   const Tensor &values = parts[0], &v = parts[1], x = matmul(v, to[1], at_b);
                   const Tensor gaps = inverse_gaps("eigh", batch, values, rounding(in[0], values), x);
                   return List{matmul(matmul(v, diag_embed(to[0]) + linalg::symmetric(gaps * x)), v, a_bt)};
                 },
                 [=](const List& in, const Tensor& y, const List& tangents) {
                   if (n == 0) return zeros_like(y);
                   const List parts = linalg::unpack(y, shapes);
                   const Tensor &values = parts[0], &v = parts[1];
                   const Tensor p = matmul(v, matmul(linalg::symmetric(tangents[0]), v), at_b);
                   const Tensor gaps = inverse_gaps("eigh", batch, values, rounding(in[0], values), p);
                   return linalg::pack(batch.leading, {diagonal(p), matmul(v, gaps * p)});
                 }};
  const List parts = linalg::unpack(custom(rule, {a}), shapes);
  return {parts[0], parts[1]};
}

Eigvals eigvals(const Tensor& a) {
  if (on_tape(a))
    fail<ValueError>(
        "eigvals",
        "A is tracked, but the derivative of eigenvalues of general matrices is not implemented. Use eigh for "
        "a symmetric A, or stop_gradient.");
  const Matrices batch = linalg::square_of("eigvals", a);
  const int64_t n = batch.rows;
  linalg::check_finite("eigvals", "A", a);
  Eigvals values{empty(batch.with({n}), a.dtype()), empty(batch.with({n}), a.dtype())};
  linalg::each(a, batch, [&](auto t, int64_t i) {
    using T = decltype(t);
    if (!kernels::eigvals(a.node()->data<T>() + i * n * n, batch.rows, mutable_data<T>(values.real) + i * n,
                          mutable_data<T>(values.imag) + i * n))
      linalg::not_converged("eigvals", batch.name(i));
  });
  return values;
}

}  // namespace dimwise
