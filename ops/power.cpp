#include "autodiff/detail/rules.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/all_ops.hpp"
#include "ops/detail/series.hpp"
#include "ops/detail/simd_functions.hpp"
#include "ops/elementwise.hpp"

namespace dimwise {

namespace {

constexpr float half = 0.5f;

// If y is not positive, it is 0, or NaN for a negative x, and so is y − y.
const Op sqrt_op = record::elementwise(
    "sqrt", [](auto x) { return sqrt(x); },
    [](auto, auto y) { return where(y > 0.0f, half / where(y > 0.0f, y, 1.0), y - y); });
const Op rsqrt_op = record::elementwise(
    "rsqrt", [](auto x) { return 1.0f / sqrt(x); }, [](auto, auto y) { return -half * (y * y * y); });
const Op square_op = record::elementwise(
    "square", [](auto x) { return x * x; }, [](auto x) { return x + x; });
const Op abs_op = record::elementwise(
    "abs", [](auto x) { return abs(x); },
    [](auto x) {
      const auto v = simd::value_of(x);
      return where(v > 0.0f, 1.0, where(v < 0.0f, -1.0, v));
    });

}  // namespace

Tensor sqrt(Tensor x) { return apply(sqrt_op, {std::move(x)}); }
Tensor rsqrt(Tensor x) { return apply(rsqrt_op, {std::move(x)}); }
Tensor square(Tensor x) { return apply(square_op, {std::move(x)}); }
Tensor abs(Tensor x) { return apply(abs_op, {std::move(x)}); }

std::vector<const Op*> power_ops() { return {&sqrt_op, &rsqrt_op, &square_op, &abs_op}; }

}  // namespace dimwise
