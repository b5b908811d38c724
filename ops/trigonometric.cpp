#include "autodiff/detail/rules.hpp"
#include "ops/all_ops.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/lane_functions.hpp"
#include "ops/lanes.hpp"
#include "ops/series.hpp"

namespace dimwise {

// The rules below are stated once for lanes and series.
namespace lanes {
static Series sin(const Series& x) { return dimwise::sin(x); }
static Series cos(const Series& x) { return dimwise::cos(x); }
}  // namespace lanes

namespace {

const Op sin_op = record::elementwise(
    "sin", [](auto x) __attribute__((always_inline)) { return lanes::sin(x); },
    [](auto x) __attribute__((always_inline)) { return lanes::cos(x); });
const Op cos_op = record::elementwise(
    "cos", [](auto x) __attribute__((always_inline)) { return lanes::cos(x); },
    [](auto x) __attribute__((always_inline)) { return lanes::negative(lanes::sin(x)); });
// From y, at no cost beside the pass over memory. Its relative error grows with |x|, as y nears 1, where the slope from
// x would take three times as long.
const Op tanh_op = record::elementwise(
    "tanh", [](auto x) __attribute__((always_inline)) { return lanes::tanh(x); },
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
