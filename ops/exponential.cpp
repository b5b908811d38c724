#include <numbers>

#include "autodiff/detail/rules.hpp"
#include "ops/all_ops.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/lane_functions.hpp"
#include "ops/lanes.hpp"
#include "ops/series.hpp"

namespace dimwise {

namespace {
extern const Op gaussian_op;
}
// The rules below are stated once for lanes and series.
namespace lanes {
static Series exp(const Series& x) { return dimwise::exp(x); }
template <int divisor>
static Series gaussian(const Series& x) {
  static_assert(divisor == 1);
  return apply_series(gaussian_op, {x});
}
}  // namespace lanes

namespace {

const Op exp_op = record::elementwise(
    "exp", [](auto x) __attribute__((always_inline)) { return lanes::exp(x); }, [](auto, auto y) { return y; });
// From x: y + 1 has lost all its digits where y rounds to −1.
const Op expm1_op = record::elementwise(
    "expm1", [](auto x) __attribute__((always_inline)) { return lanes::expm1(x); },
    [](auto x) __attribute__((always_inline)) { return lanes::exp(x); });
const Op log_op = record::elementwise(
    "log", [](auto x) __attribute__((always_inline)) { return lanes::log(x); }, [](auto x) { return 1.0f / x; });
const Op log1p_op = record::elementwise(
    "log1p", [](auto x) __attribute__((always_inline)) { return lanes::log1p(x); },
    [](auto x) { return 1.0f / (1.0f + x); });

template <class X>
[[gnu::always_inline]] inline auto erf_slope(const X& x, double sign) {
  const double factor = sign * 2 * std::numbers::inv_sqrtpi;
  if constexpr (std::is_same_v<X, Series>)
    return lanes::gaussian<1>(x) * factor;
  else
    return lanes::gaussian<1>(x) * static_cast<typename X::value_type>(factor);
}
const Op gaussian_op = record::elementwise(
    "gaussian", [](auto x) __attribute__((always_inline)) { return lanes::gaussian<1>(x); },
    [](auto x) __attribute__((always_inline)) { return (lanes::finite(x) * lanes::gaussian<1>(x)) * -2.0f; });
const Op erf_op = record::elementwise(
    "erf", [](auto x) { return lanes::erf(x); }, [](auto x) __attribute__((always_inline)) { return erf_slope(x, 1); });
const Op erfc_op = record::elementwise(
    "erfc", [](auto x) { return lanes::erfc(x); },
    [](auto x) __attribute__((always_inline)) { return erf_slope(x, -1); });

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
