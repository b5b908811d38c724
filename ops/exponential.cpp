#include <numbers>

#include "autodiff/detail/rules.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/all_ops.hpp"
#include "ops/detail/series.hpp"
#include "ops/detail/simd_functions.hpp"
#include "ops/detail/simd_taylor_functions.hpp"
#include "ops/elementwise.hpp"

namespace dimwise {

namespace {
extern const Op gaussian_op;
}
// The rules below are written once for SIMD batches and series.
namespace simd {
static Series exp(const Series& x) { return dimwise::exp(x); }
template <int divisor>
static Series gaussian(const Series& x) {
  static_assert(divisor == 1);
  return apply_series(gaussian_op, {x});
}
}  // namespace simd

namespace {

const Op exp_op = record::elementwise(
    "exp", [](auto x) __attribute__((always_inline)) { return simd::exp(x); }, [](auto, auto y) { return y; });
// Computed from x: y + 1 has no correct digits if y rounds to −1.
const Op expm1_op = record::elementwise(
    "expm1", [](auto x) __attribute__((always_inline)) { return simd::expm1(x); },
    [](auto x) __attribute__((always_inline)) { return simd::exp(x); });
const Op log_op = record::elementwise(
    "log", [](auto x) __attribute__((always_inline)) { return simd::log(x); }, [](auto x) { return 1.0f / x; });
const Op log1p_op = record::elementwise(
    "log1p", [](auto x) __attribute__((always_inline)) { return simd::log1p(x); },
    [](auto x) { return 1.0f / (1.0f + x); });

template <class X>
[[gnu::always_inline]] inline auto erf_derivative(const X& x, double sign) {
  const double factor = sign * 2 * std::numbers::inv_sqrtpi;
  if constexpr (std::is_same_v<X, Series>)
    return simd::gaussian<1>(x) * factor;
  else
    return simd::gaussian<1>(x) * static_cast<typename X::value_type>(factor);
}
const Op gaussian_op = record::elementwise(
    "gaussian", [](auto x) __attribute__((always_inline)) { return simd::gaussian<1>(x); },
    [](auto x) __attribute__((always_inline)) { return (simd::bounded(x) * simd::gaussian<1>(x)) * -2.0f; });
const Op erf_op = record::elementwise(
    "erf", [](auto x) { return simd::erf(x); },
    [](auto x) __attribute__((always_inline)) { return erf_derivative(x, 1); });
const Op erfc_op = record::elementwise(
    "erfc", [](auto x) { return simd::erfc(x); },
    [](auto x) __attribute__((always_inline)) { return erf_derivative(x, -1); });

}  // namespace

Tensor exp(Tensor x) { return apply(exp_op, {std::move(x)}); }
Tensor expm1(Tensor x) { return apply(expm1_op, {std::move(x)}); }
Tensor log(Tensor x) { return apply(log_op, {std::move(x)}); }
Tensor log1p(Tensor x) { return apply(log1p_op, {std::move(x)}); }
Tensor erf(Tensor x) { return apply(erf_op, {std::move(x)}); }
Tensor erfc(Tensor x) { return apply(erfc_op, {std::move(x)}); }

Series exp(const Series& x) { return apply_series(exp_op, {x}); }
Series log(const Series& x) { return apply_series(log_op, {x}); }

std::vector<const Op*> exponential_ops() { return {&exp_op, &expm1_op, &log_op, &log1p_op, &erf_op, &erfc_op}; }

}  // namespace dimwise
