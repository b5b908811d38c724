#include "autodiff/record.hpp"
#include "ops/all_ops.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/lane_functions.hpp"
#include "ops/series.hpp"

namespace dimwise {

namespace {
extern const Op tanh_slope_op;
}
// The rules below are stated once for lanes and series.
namespace lanes {
static Series sin(const Series& x) { return dimwise::sin(x); }
static Series cos(const Series& x) { return dimwise::cos(x); }
static Series tanh_slope(const Series& x) { return apply_series(tanh_slope_op, {x}); }
}  // namespace lanes

namespace {

const Op sin_op = record::elementwise(
    "sin", [](auto x) __attribute__((always_inline)) { return lanes::sin(x); },
    [](auto x) __attribute__((always_inline)) { return lanes::cos(x); });
const Op cos_op = record::elementwise(
    "cos", [](auto x) __attribute__((always_inline)) { return lanes::cos(x); },
    [](auto x) __attribute__((always_inline)) { return -lanes::sin(x); });
// From x, since 1 − y² has lost all its digits where y rounds to 1. As an op of its own, the derivative is one pass in
// each order.
const Op tanh_op = record::elementwise(
    "tanh", [](auto x) __attribute__((always_inline)) { return lanes::tanh(x); },
    [](auto x) __attribute__((always_inline)) { return lanes::tanh_slope(x); });
const Op tanh_slope_op = [] {
  Op op = record::elementwise(
      "tanh_slope", [](auto x) __attribute__((always_inline)) { return lanes::tanh_slope(x); },
      [](auto x) __attribute__((always_inline)) {
        if constexpr (std::is_same_v<decltype(x), Series>) {
          return (tanh(x) * lanes::tanh_slope(x)) * -2.0;
        } else {
          const auto y = lanes::logistic(x + x);
          return y.slope * y.tanh_half * -8.0f;
        }
      });
  static const auto by_lanes = op.jet;
  op.jet = [](const Call& call, std::span<const Series> in) {
    if (lanes::in_lanes(in[0])) return by_lanes(call, in);
    return lanes::saturating_slope(in[0], call.output, tanh(in[0].value()), 1, 2);
  };
  return op;
}();

}  // namespace

Tensor sin(Tensor x) { return apply(sin_op, {std::move(x)}); }
Tensor cos(Tensor x) { return apply(cos_op, {std::move(x)}); }
Tensor tanh(Tensor x) { return apply(tanh_op, {std::move(x)}); }

Series sin(const Series& x) { return apply_series(sin_op, {x}); }
Series cos(const Series& x) { return apply_series(cos_op, {x}); }
Series tanh(const Series& x) { return apply_series(tanh_op, {x}); }

std::vector<const Op*> trigonometric_ops() { return {&sin_op, &cos_op, &tanh_op}; }

}  // namespace dimwise
