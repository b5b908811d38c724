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

constexpr float half = 0.5f;

const Op exp_op = record::elementwise(
    "exp", [](auto x) { return lanes::exp(x); }, [](auto, auto y) { return y; });
const Op expm1_op = record::elementwise(
    "expm1", [](auto x) { return expm1(x); }, [](auto, auto y) { return y + 1.0f; });
const Op log_op = record::elementwise(
    "log", [](auto x) { return log(x); }, [](auto x) { return 1.0f / x; });
const Op log1p_op = record::elementwise(
    "log1p", [](auto x) { return log1p(x); }, [](auto x) { return 1.0f / (1.0f + x); });
const Op sin_op = record::elementwise(
    "sin", [](auto x) { return sin(x); }, [](auto x) { return cos(x); });
const Op cos_op = record::elementwise(
    "cos", [](auto x) { return cos(x); }, [](auto x) { return -sin(x); });
const Op tanh_op = record::elementwise(
    "tanh", [](auto x) { return lanes::tanh(x); }, [](auto, auto y) { return 1.0f - y * y; });
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
const Op sqrt_op = record::elementwise(
    "sqrt", [](auto x) { return sqrt(x); },
    [](auto, auto y) { return where(y > 0.0f, half / where(y > 0.0f, y, 1.0), 0.0); });
const Op rsqrt_op = record::elementwise(
    "rsqrt", [](auto x) { return 1.0f / sqrt(x); }, [](auto, auto y) { return -half * (y * y * y); });
const Op square_op = record::elementwise(
    "square", [](auto x) { return x * x; }, [](auto x) { return x + x; });
const Op abs_op = record::elementwise(
    "abs", [](auto x) { return abs(x); }, [](auto x) { return where(x > 0.0f, 1.0, 0.0) - where(x < 0.0f, 1.0, 0.0); });
const Op erf_op = record::elementwise(
    "erf", [](auto x) { return lanes::erf(x); },
    [](auto x) {
      if constexpr (is_lane<decltype(x)>)
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
Tensor sin(Tensor x) { return apply(sin_op, {std::move(x)}); }
Tensor cos(Tensor x) { return apply(cos_op, {std::move(x)}); }
Tensor tanh(Tensor x) { return apply(tanh_op, {std::move(x)}); }
Tensor sigmoid(Tensor x) { return apply(sigmoid_op, {std::move(x)}); }
Tensor softplus(Tensor x) { return apply(softplus_op, {std::move(x)}); }
Tensor silu(Tensor x) { return apply(silu_op, {std::move(x)}); }
Tensor relu(Tensor x) { return apply(relu_op, {std::move(x)}); }
Tensor elu(Tensor x) { return apply(elu_op, {std::move(x)}); }
Tensor gelu(Tensor x) { return 0.5 * x * (1.0 + erf(x * (1 / std::numbers::sqrt2))); }
Tensor sqrt(Tensor x) { return apply(sqrt_op, {std::move(x)}); }
Tensor rsqrt(Tensor x) { return apply(rsqrt_op, {std::move(x)}); }
Tensor square(Tensor x) { return apply(square_op, {std::move(x)}); }
Tensor abs(Tensor x) { return apply(abs_op, {std::move(x)}); }
Tensor erf(Tensor x) { return apply(erf_op, {std::move(x)}); }

Series exp(const Series& x) { return apply_series(exp_op, {x}); }
Series log(const Series& x) { return apply_series(log_op, {x}); }
Series sin(const Series& x) { return apply_series(sin_op, {x}); }
Series cos(const Series& x) { return apply_series(cos_op, {x}); }
Series sigmoid(const Series& x) { return apply_series(sigmoid_op, {x}); }

std::vector<const Op*> elementwise_ops() {
  return {&exp_op,  &expm1_op, &log_op, &log1p_op, &sin_op,   &cos_op,    &tanh_op, &sigmoid_op, &softplus_op,
          &silu_op, &relu_op,  &elu_op, &sqrt_op,  &rsqrt_op, &square_op, &abs_op,  &erf_op};
}

}  // namespace dimwise
