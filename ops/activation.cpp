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
extern const Op sigmoid_slope_op, silu_slope_op, gelu_slope_op, density_op;
}
// The rules below are stated once for lanes and series.
namespace lanes {
static Series exp(const Series& x) { return dimwise::exp(x); }
static Series sigmoid(const Series& x) { return dimwise::sigmoid(x); }
static Series sigmoid_slope(const Series& x) { return apply_series(sigmoid_slope_op, {x}); }
static Series silu_slope(const Series& x) { return apply_series(silu_slope_op, {x}); }

// The density of the normal distribution and x·Φ'(x) + Φ(x).
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> density(const xsimd::batch<T, A>& x) {
  return lanes::gaussian<2>(x) * static_cast<T>(std::numbers::inv_sqrtpi / std::numbers::sqrt2);
}
template <class B, int K>
[[gnu::always_inline]] inline SimdTaylor<B, K> density(const SimdTaylor<B, K>& x) {
  using T = typename B::value_type;
  return lanes::gaussian<2>(x) * B(static_cast<T>(std::numbers::inv_sqrtpi / std::numbers::sqrt2));
}
static Series density(const Series& x) { return apply_series(density_op, {x}); }
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> gelu_slope(const xsimd::batch<T, A>& x) {
  return lanes::finite(x) * lanes::density(x) + lanes::normal_cdf(x);
}
template <class B, int K>
[[gnu::always_inline]] inline SimdTaylor<B, K> gelu_slope(const SimdTaylor<B, K>& x) {
  const SimdTaylor<B, K> d = density(x);
  SimdTaylor<B, K> below(lanes::normal_cdf(x.c[0]));
  unroll<K>([&](auto k) { below.c[k + 1] = detail::integral<k>(x, d); });
  return below + lanes::finite(x) * d;
}
static Series gelu_slope(const Series& x) { return apply_series(gelu_slope_op, {x}); }
}  // namespace lanes

namespace {

template <class X>
inline constexpr bool is_series = std::is_same_v<X, Series>;

// Derivatives are functions of x where those of y would cancel in the tails, and ops of their own, so that they are one
// pass in each order.
const Op sigmoid_op = record::elementwise(
    "sigmoid", [](auto x) __attribute__((always_inline)) { return lanes::sigmoid(x); },
    [](auto x) __attribute__((always_inline)) { return lanes::sigmoid_slope(x); });
const Op sigmoid_slope_op = [] {
  Op op = record::elementwise(
      "sigmoid_slope", [](auto x) __attribute__((always_inline)) { return lanes::sigmoid_slope(x); },
      [](auto x) __attribute__((always_inline)) {
        if constexpr (is_series<decltype(x)>) {
          return -(lanes::sigmoid_slope(x) * tanh(x * 0.5));
        } else {
          const auto y = lanes::logistic(x);
          return -(y.slope * y.tanh_half);
        }
      });
  static const auto by_lanes = op.jet;
  op.jet = [](const Call& call, std::span<const Series> in) {
    if (lanes::in_lanes(in[0])) return by_lanes(call, in);
    return lanes::saturating_slope(in[0], call.output, tanh(scale(in[0].value(), 0.5)), 2, 1);
  };
  return op;
}();
const Op softplus_op = record::elementwise(
    "softplus", [](auto x) __attribute__((always_inline)) { return lanes::softplus(x); },
    [](auto x) __attribute__((always_inline)) { return lanes::sigmoid(x); });
const Op log_sigmoid_op = record::elementwise(
    "log_sigmoid", [](auto x) __attribute__((always_inline)) { return lanes::negative(lanes::softplus(-x)); },
    [](auto x) __attribute__((always_inline)) { return lanes::sigmoid(-x); });
const Op silu_op = record::elementwise(
    "silu", [](auto x) __attribute__((always_inline)) { return lanes::silu(x); },
    [](auto x) __attribute__((always_inline)) { return lanes::silu_slope(x); });
const Op silu_slope_op = record::elementwise(
    "silu_slope", [](auto x) __attribute__((always_inline)) { return lanes::silu_slope(x); },
    [](auto x) __attribute__((always_inline)) {
      if constexpr (is_series<decltype(x)>) {
        return lanes::sigmoid_slope(x) * (2.0 - x * tanh(x * 0.5));
      } else {
        const auto y = lanes::logistic(x);
        return y.slope * (2.0f - lanes::finite(x) * y.tanh_half);
      }
    });
const Op relu_op = record::elementwise(
    "relu", [](auto x) { return where(x <= 0.0f, 0.0, x); }, [](auto x) __attribute__((always_inline)) {
      const auto v = lanes::value_of(x);
      return where(v > 0.0f, 1.0, where(v <= 0.0f, 0.0, v));
    });
const Op elu_op = record::elementwise(
    "elu",
    [](auto x) __attribute__((always_inline)) { return where(x > 0.0f, x, lanes::expm1(where(x > 0.0f, 0.0, x))); },
    [](auto x) __attribute__((always_inline)) { return where(x > 0.0f, 1.0, lanes::exp(where(x > 0.0f, 0.0, x))); });
const Op density_op = record::elementwise(
    "normal_density", [](auto x) __attribute__((always_inline)) { return lanes::density(x); },
    [](auto x) __attribute__((always_inline)) { return -(lanes::finite(x) * lanes::density(x)); });
const Op gelu_op = record::elementwise(
    "gelu", [](auto x) { return lanes::gelu(x); },
    [](auto x) __attribute__((always_inline)) { return lanes::gelu_slope(x); });
const Op gelu_slope_op = record::elementwise(
    "gelu_slope", [](auto x) __attribute__((always_inline)) { return lanes::gelu_slope(x); },
    [](auto x) __attribute__((always_inline)) {
      const auto bounded = lanes::finite(x);
      return lanes::density(x) * (2.0f - bounded * bounded);
    });

}  // namespace

Tensor sigmoid(Tensor x) { return apply(sigmoid_op, {std::move(x)}); }
Tensor softplus(Tensor x) { return apply(softplus_op, {std::move(x)}); }
Tensor log_sigmoid(Tensor x) { return apply(log_sigmoid_op, {std::move(x)}); }
Tensor silu(Tensor x) { return apply(silu_op, {std::move(x)}); }
Tensor relu(Tensor x) { return apply(relu_op, {std::move(x)}); }
Tensor elu(Tensor x) { return apply(elu_op, {std::move(x)}); }
Tensor gelu(Tensor x) { return apply(gelu_op, {std::move(x)}); }

Series sigmoid(const Series& x) { return apply_series(sigmoid_op, {x}); }

std::vector<const Op*> activation_ops() {
  return {&sigmoid_op, &softplus_op, &log_sigmoid_op, &silu_op, &relu_op, &elu_op, &gelu_op};
}

}  // namespace dimwise
