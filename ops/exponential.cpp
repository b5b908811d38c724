#include "ops/elementwise.hpp"

#include <numbers>

#include "autodiff/record.hpp"
#include "ops/all_ops.hpp"
#include "ops/arithmetic.hpp"
#include "ops/lanes.hpp"
#include "ops/series.hpp"
#include "ops/transcendental.hpp"

namespace dimwise {

namespace {

const Op exp_op = record::elementwise(
    "exp", [](auto x) { return lanes::exp(x); }, [](auto, auto y) { return y; });
const Op expm1_op = record::elementwise(
    "expm1", [](auto x) { return expm1(x); }, [](auto, auto y) { return y + 1.0f; });
const Op log_op = record::elementwise(
    "log", [](auto x) { return log(x); }, [](auto x) { return 1.0f / x; });
const Op log1p_op = record::elementwise(
    "log1p", [](auto x) { return log1p(x); }, [](auto x) { return 1.0f / (1.0f + x); });
const Op erf_op = record::elementwise(
    "erf", [](auto x) { return lanes::erf(x); },
    [](auto x) {
      if constexpr (xsimd::is_batch<decltype(x)>::value)
        return decltype(x)(static_cast<typename decltype(x)::value_type>(2 * std::numbers::inv_sqrtpi)) *
               lanes::exp(-(x * x));
      else
        return 2 * std::numbers::inv_sqrtpi * exp(-(x * x));
    });

}  // namespace

Tensor exp(Tensor x) { return apply(exp_op, {std::move(x)}); }
Tensor expm1(Tensor x) { return apply(expm1_op, {std::move(x)}); }
Tensor log(Tensor x) { return apply(log_op, {std::move(x)}); }
Tensor log1p(Tensor x) { return apply(log1p_op, {std::move(x)}); }
Tensor erf(Tensor x) { return apply(erf_op, {std::move(x)}); }

Series exp(const Series& x) { return apply_series(exp_op, {x}); }
Series log(const Series& x) { return apply_series(log_op, {x}); }

std::vector<const Op*> exponential_ops() { return {&exp_op, &expm1_op, &log_op, &log1p_op, &erf_op}; }

}  // namespace dimwise
