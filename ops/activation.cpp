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

const Op sigmoid_op = record::elementwise(
    "sigmoid", [](auto x) { return lanes::sigmoid(x); }, [](auto, auto y) { return y * (1.0f - y); });
// The derivative of a lane is computed where that of a tensor or a series calls the op.
template <class X>
inline constexpr bool is_lane = xsimd::is_batch<X>::value;
// s' = s (1 − s) x'.
template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> sigmoid(const LaneSeries<B, K>& x) {
  LaneSeries<B, K> s(lanes::sigmoid(x.c[0]));
  unroll<K>([&](auto k) {
    const LaneSeries<B, K> d = s * (1.0f - s);
    s.c[k + 1] = detail::integrated<k>(
        x, [&](auto j) __attribute__((always_inline)) { return d.c[j]; });
  });
  return s;
}
const Op softplus_op = record::elementwise(
    "softplus", [](auto x) { return lanes::softplus(x); },
    [](auto x) {
      if constexpr (is_lane<decltype(x)>)
        return lanes::sigmoid(x);
      else
        return sigmoid(x);
    });
const Op silu_op = record::elementwise(
    "silu", [](auto x) { return lanes::silu(x); },
    [](auto x) {
      if constexpr (is_lane<decltype(x)>) {
        return lanes::silu_slope(x);
      } else {
        const auto s = sigmoid(x);
        return s * (1.0f + x * (1.0f - s));
      }
    });
const Op relu_op = record::elementwise(
    "relu", [](auto x) { return where(x <= 0.0f, 0.0, x); }, [](auto x) { return where(x > 0.0f, 1.0, 0.0); });
const Op elu_op = record::elementwise(
    "elu", [](auto x) { return where(x > 0.0f, x, expm1(where(x > 0.0f, 0.0, x))); },
    [](auto, auto y) { return where(y > 0.0f, 1.0, y + 1.0f); });

}  // namespace

Tensor sigmoid(Tensor x) { return apply(sigmoid_op, {std::move(x)}); }
Tensor softplus(Tensor x) { return apply(softplus_op, {std::move(x)}); }
Tensor silu(Tensor x) { return apply(silu_op, {std::move(x)}); }
Tensor relu(Tensor x) { return apply(relu_op, {std::move(x)}); }
Tensor elu(Tensor x) { return apply(elu_op, {std::move(x)}); }
Tensor gelu(Tensor x) { return 0.5 * x * (1.0 + erf(x * (1 / std::numbers::sqrt2))); }

Series sigmoid(const Series& x) { return apply_series(sigmoid_op, {x}); }

std::vector<const Op*> activation_ops() { return {&sigmoid_op, &softplus_op, &silu_op, &relu_op, &elu_op}; }

}  // namespace dimwise
