#include "autodiff/detail/rules.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/all_ops.hpp"
#include "ops/detail/series.hpp"
#include "ops/detail/simd_functions.hpp"
#include "ops/detail/simd_taylor_functions.hpp"
#include "ops/elementwise.hpp"

namespace dimwise {

// The rules below are written once for SIMD batches and series.
namespace simd {
static Series sin(const Series& x) { return dimwise::sin(x); }
static Series cos(const Series& x) { return dimwise::cos(x); }
}  // namespace simd

namespace {

const Op sin_op = record::elementwise(
    "sin", [](auto x) __attribute__((always_inline)) { return simd::sin(x); },
    [](auto x) __attribute__((always_inline)) { return simd::cos(x); });
const Op cos_op = record::elementwise(
    "cos", [](auto x) __attribute__((always_inline)) { return simd::cos(x); },
    [](auto x) __attribute__((always_inline)) { return simd::negative(simd::sin(x)); });
// Computed from y, at no cost beyond the pass over memory. Its relative error grows with |x|, as y approaches 1; the
// derivative from x would take three times as long.
const Op tanh_op = record::elementwise(
    "tanh", [](auto x) __attribute__((always_inline)) { return simd::tanh(x); },
    [](auto, auto y) __attribute__((always_inline)) { return 1.0f - y * y; });

}  // namespace

Tensor sin(Tensor x) { return apply(sin_op, {std::move(x)}); }
Tensor cos(Tensor x) { return apply(cos_op, {std::move(x)}); }
Tensor tanh(Tensor x) { return apply(tanh_op, {std::move(x)}); }

Series sin(const Series& x) { return apply_series(sin_op, {x}); }
Series cos(const Series& x) { return apply_series(cos_op, {x}); }
Series tanh(const Series& x) { return apply_series(tanh_op, {x}); }

std::vector<const Op*> trigonometric_ops() { return {&sin_op, &cos_op, &tanh_op}; }

}  // namespace dimwise
