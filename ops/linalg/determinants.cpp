#include <cmath>
#include <limits>
#include <vector>

#include "autodiff/base/error.hpp"
#include "autodiff/custom.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/matrices.hpp"
#include "ops/layout.hpp"
#include "ops/linalg.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

namespace {

using linalg::List;
using linalg::Matrices;

Tensor as_matrix(const Tensor& x) { return unsqueeze(unsqueeze(x, -1), -1); }
Tensor inner(const Tensor& a, const Tensor& b) { return sum(a * b, {-2, -1}); }

Tensor det_value(const Tensor& a) {
  const Matrices batch = linalg::square_of("det", a);
  linalg::check_finite("det", "A", a);
  Tensor y = empty(batch.leading, a.dtype());
  linalg::each(a, batch, [&](auto t, int64_t i) {
    using T = decltype(t);
    mutable_data<T>(y)[i] = kernels::determinant(a.node()->data<T>() + i * batch.area(), batch.rows).value;
  });
  return y;
}

Tensor cofactor_value(const Tensor& a) {
  const Matrices batch = linalg::square_of("det", a);
  Tensor c = empty(a.shape(), a.dtype());
  linalg::each(a, batch, [&](auto t, int64_t i) {
    using T = decltype(t);
    if (!kernels::cofactors(a.node()->data<T>() + i * batch.area(), batch.rows, mutable_data<T>(c) + i * batch.area()))
      linalg::not_converged("det", batch.name(i));
  });
  return c;
}

double norm_of(const double* x, int64_t n) {
  double total = 0;
  for (int64_t i = 0; i < n; ++i) total += x[i] * x[i];
  return std::sqrt(total);
}

// A⁻ᵀ for the derivatives of cofactors. Throws if A is singular to rounding.
Tensor inverse_transposed(const Tensor& a) {
  const Matrices batch = linalg::square_of("det", a);
  const auto refuse = [&](int64_t i, double condition) {
    fail<ValueError>("det", batch.name(i),
                     " is singular to rounding, so only the first derivative exists: its condition number is ",
                     condition, ". Differentiate once, or add a multiple of the identity.");
  };
  linalg::each(a, batch, [&](auto t, int64_t i) {
    using T = decltype(t);
    if (kernels::determinant(a.node()->data<T>() + i * batch.area(), batch.rows).sign == 0)
      refuse(i, std::numeric_limits<double>::infinity());
  });
  const Tensor x = linalg::inverse("det", a);
  const std::vector<double> of_a = a.values(), of_x = x.values();
  for (int64_t i = 0; i < batch.count(); ++i) {
    const double condition =
        norm_of(of_a.data() + i * batch.area(), batch.area()) * norm_of(of_x.data() + i * batch.area(), batch.area());
    if (condition * linalg::epsilon(a.dtype()) > 0.01) refuse(i, condition);
  }
  return transpose(x);
}

// C = ∂ det A / ∂ A = det A · A⁻ᵀ, so that dC = ⟨A⁻ᵀ, dA⟩ C − A⁻ᵀ dAᵀ C.
Tensor cofactors_of(const Tensor& a) {
  const auto rule = CustomRule{
      "cofactors", [](const List& in) { return cofactor_value(in[0]); },
      [](const List& in, const Tensor& c, const Tensor& w) {
        const Tensor x = inverse_transposed(in[0]);
        return List{as_matrix(inner(w, c)) * x - matmul(matmul(c, w, {.transpose_b = true}), x)};
      },
      [](const List& in, const Tensor& c, const List& tangents) {
        const Tensor x = inverse_transposed(in[0]);
        return as_matrix(inner(x, tangents[0])) * c - matmul(matmul(x, tangents[0], {.transpose_b = true}), c);
      }};
  return custom(rule, {a});
}

// ln |det A|, preceded by the sign of det A if `with_sign`.
Tensor logarithm_value(const char* where, const Tensor& a, bool with_sign) {
  const Matrices batch = linalg::square_of(where, a);
  linalg::check_finite(where, "A", a);
  Tensor y = empty(with_sign ? batch.with({2}) : batch.leading, a.dtype());
  linalg::each(a, batch, [&](auto t, int64_t i) {
    using T = decltype(t);
    const auto d = kernels::determinant(a.node()->data<T>() + i * batch.area(), batch.rows);
    T* to = mutable_data<T>(y) + i * (with_sign ? 2 : 1);
    if (with_sign) *to++ = d.sign;
    *to = d.log;
  });
  return y;
}

Tensor logarithm(const char* where, const Tensor& a, bool with_sign) {
  const auto slope = [where](const Tensor& m, const Tensor& log) {
    const Matrices batch = linalg::square_of(where, m);
    const std::vector<double> values = log.values();
    for (int64_t i = 0; i < batch.count(); ++i)
      if (values[static_cast<size_t>(i)] == -std::numeric_limits<double>::infinity())
        fail<ValueError>(where, batch.name(i),
                         " is singular: ln |det A| is -inf and has no derivative. Differentiate det instead.");
    return transpose(linalg::inverse(where, m));
  };
  const auto log_of = [with_sign](const Tensor& y) { return with_sign ? select(y, -1, 1) : y; };
  const auto rule = CustomRule{where, [=](const List& in) { return logarithm_value(where, in[0], with_sign); },
                               [=](const List& in, const Tensor& y, const Tensor& w) {
                                 return List{as_matrix(log_of(w)) * slope(in[0], log_of(y))};
                               },
                               [=](const List& in, const Tensor& y, const List& tangents) {
                                 const Tensor log = inner(slope(in[0], log_of(y)), tangents[0]);
                                 return with_sign ? stack({zeros_like(log), log}, -1) : log;
                               }};
  return custom(rule, {a});
}

}  // namespace

Tensor det(const Tensor& a) {
  const auto rule = CustomRule{
      "det", [](const List& in) { return det_value(in[0]); },
      [](const List& in, const Tensor&, const Tensor& w) { return List{as_matrix(w) * cofactors_of(in[0])}; },
      [](const List& in, const Tensor&, const List& tangents) { return inner(cofactors_of(in[0]), tangents[0]); }};
  return custom(rule, {a});
}

std::pair<Tensor, Tensor> slogdet(const Tensor& a) {
  const Tensor both = logarithm("slogdet", a, true);
  return {stop_gradient(select(both, -1, 0)), select(both, -1, 1)};
}

Tensor logdet(const Tensor& a) { return logarithm("logdet", a, false); }

}  // namespace dimwise
