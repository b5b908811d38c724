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
extern const Op sigmoid_derivative_op, silu_derivative_op, gelu_derivative_op, density_op;
}
// The rules below are written once for SIMD batches and series.
namespace simd {
static Series exp(const Series& x) { return dimwise::exp(x); }
static Series sigmoid(const Series& x) { return dimwise::sigmoid(x); }
static Series sigmoid_derivative(const Series& x) { return apply_series(sigmoid_derivative_op, {x}); }
static Series silu_derivative(const Series& x) { return apply_series(silu_derivative_op, {x}); }

// The density of the normal distribution and x·Φ'(x) + Φ(x).
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> density(const xsimd::batch<T, A>& x) {
  return simd::gaussian<2>(x) * static_cast<T>(std::numbers::inv_sqrtpi / std::numbers::sqrt2);
}
template <class B, int K>
[[gnu::always_inline]] inline SimdTaylor<B, K> density(const SimdTaylor<B, K>& x) {
  using T = typename B::value_type;
  return simd::gaussian<2>(x) * B(static_cast<T>(std::numbers::inv_sqrtpi / std::numbers::sqrt2));
}
static Series density(const Series& x) { return apply_series(density_op, {x}); }
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> gelu_derivative(const xsimd::batch<T, A>& x) {
  return simd::bounded(x) * simd::density(x) + simd::normal_cdf(x);
}
template <class B, int K>
[[gnu::always_inline]] inline SimdTaylor<B, K> gelu_derivative(const SimdTaylor<B, K>& x) {
  const SimdTaylor<B, K> d = density(x);
  SimdTaylor<B, K> below(simd::normal_cdf(x.c[0]));
  unroll<K>([&](auto k) { below.c[k + 1] = integral<k>(x, d); });
  return below + simd::bounded(x) * d;
}
static Series gelu_derivative(const Series& x) { return apply_series(gelu_derivative_op, {x}); }
}  // namespace simd

namespace {

template <class X>
inline constexpr bool is_series = std::is_same_v<X, Series>;

// Derivatives are functions of x if those of y would cancel in the tails. They are ops themselves, so that each order
// is one pass.
const Op sigmoid_op = record::elementwise(
    "sigmoid", [](auto x) __attribute__((always_inline)) { return simd::sigmoid(x); },
    [](auto x) __attribute__((always_inline)) { return simd::sigmoid_derivative(x); });
const Op sigmoid_derivative_op = [] {
  Op op = record::elementwise(
      "sigmoid_derivative", [](auto x) __attribute__((always_inline)) { return simd::sigmoid_derivative(x); },
      [](auto x) __attribute__((always_inline)) {
        if constexpr (is_series<decltype(x)>) {
          return -(simd::sigmoid_derivative(x) * tanh(x * 0.5));
        } else {
          const auto y = simd::logistic(x);
          return -(y.derivative * y.tanh_half);
        }
      });
  static const auto by_simd = op.jet;
  op.jet = [](const Call& call, std::span<const Series> in) {
    if (simd::in_registers(in[0])) return by_simd(call, in);
    return simd::saturating_derivative(in[0], call.output, tanh(scale(in[0].value(), 0.5)), 2, 1);
  };
  return op;
}();
const Op softplus_op = record::elementwise(
    "softplus", [](auto x) __attribute__((always_inline)) { return simd::softplus(x); },
    [](auto x) __attribute__((always_inline)) { return simd::sigmoid(x); });
const Op log_sigmoid_op = record::elementwise(
    "log_sigmoid", [](auto x) __attribute__((always_inline)) { return simd::negative(simd::softplus(-x)); },
    [](auto x) __attribute__((always_inline)) { return simd::sigmoid(-x); });
const Op silu_op = record::elementwise(
    "silu", [](auto x) __attribute__((always_inline)) { return simd::silu(x); },
    [](auto x) __attribute__((always_inline)) { return simd::silu_derivative(x); });
const Op silu_derivative_op = record::elementwise(
    "silu_derivative", [](auto x) __attribute__((always_inline)) { return simd::silu_derivative(x); },
    [](auto x) __attribute__((always_inline)) {
      if constexpr (is_series<decltype(x)>) {
        return simd::sigmoid_derivative(x) * (2.0 - x * tanh(x * 0.5));
      } else {
        const auto y = simd::logistic(x);
        return y.derivative * (2.0f - simd::bounded(x) * y.tanh_half);
      }
    });
const Op relu_op = record::elementwise(
    "relu", [](auto x) { return where(x <= 0.0f, 0.0, x); }, [](auto x) __attribute__((always_inline)) {
      const auto v = simd::value_of(x);
      return where(v > 0.0f, 1.0, where(v <= 0.0f, 0.0, v));
    });
const Op elu_op = record::elementwise(
    "elu",
    [](auto x) __attribute__((always_inline)) { return where(x > 0.0f, x, simd::expm1(where(x > 0.0f, 0.0, x))); },
    [](auto x) __attribute__((always_inline)) { return where(x > 0.0f, 1.0, simd::exp(where(x > 0.0f, 0.0, x))); });
const Op density_op = record::elementwise(
    "normal_density", [](auto x) __attribute__((always_inline)) { return simd::density(x); },
    [](auto x) __attribute__((always_inline)) { return -(simd::bounded(x) * simd::density(x)); });
const Op gelu_op = record::elementwise(
    "gelu", [](auto x) { return simd::gelu(x); },
    [](auto x) __attribute__((always_inline)) { return simd::gelu_derivative(x); });
const Op gelu_derivative_op = record::elementwise(
    "gelu_derivative", [](auto x) __attribute__((always_inline)) { return simd::gelu_derivative(x); },
    [](auto x) __attribute__((always_inline)) {
      const auto at = simd::bounded(x);
      return simd::density(x) * (2.0f - at * at);
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
