#pragma once
// Taylor series, on SIMD batches, of the functions that derivative rules call.
//
// Each solves its differential equation order by order from accurate first coefficients, so that the higher ones keep
// their relative accuracy in the tails.

#include "autodiff/detail/rules.hpp"
#include "autodiff/kernels/simd_taylor.hpp"
#include "autodiff/series.hpp"
#include "ops/detail/periodic.hpp"
#include "ops/detail/transcendental.hpp"

namespace dimwise::simd {

#define DIMWISE_SIMD        \
  template <class B, int K> \
  [[gnu::always_inline]] inline

namespace detail {
// Of tensors it is x: second derivatives are 0 at ±∞, higher ones are NaN there.
inline const Series& bounded(const Series& x) { return x; }
template <class B, int K>
[[gnu::always_inline]] inline SimdTaylor<B, K> bounded(const SimdTaylor<B, K>& x) {
  SimdTaylor<B, K> y = x;
  y.c[0] = detail::bounded(x.c[0]);
  return y;
}
}  // namespace detail

DIMWISE_SIMD SimdTaylor<B, K> exp(const SimdTaylor<B, K>& x) {
  SimdTaylor<B, K> y(simd::exp(x.c[0]));
  unroll<K>([&](auto k) { y.c[k + 1] = integral<k>(x, y); });
  return y;
}

DIMWISE_SIMD std::pair<SimdTaylor<B, K>, SimdTaylor<B, K>> sincos(const SimdTaylor<B, K>& x) {
  SimdTaylor<B, K> s(simd::sin(x.c[0])), c(simd::cos(x.c[0]));
  unroll<K>([&](auto k) {
    s.c[k + 1] = integral<k>(x, c);
    c.c[k + 1] = -integral<k>(x, s);
  });
  return {s, c};
}
DIMWISE_SIMD SimdTaylor<B, K> sin(const SimdTaylor<B, K>& x) { return simd::sincos(x).first; }
DIMWISE_SIMD SimdTaylor<B, K> cos(const SimdTaylor<B, K>& x) { return simd::sincos(x).second; }

/// s = σ(x), d = σ'(x), t = tanh(½x): s' = d x', t' = 2d x', d' = −d t x'.
DIMWISE_SIMD Logistic<SimdTaylor<B, K>> logistic(const SimdTaylor<B, K>& x) {
  const Logistic<B> start = simd::logistic(x.c[0]);
  Logistic<SimdTaylor<B, K>> y{start.value, start.derivative, start.tanh_half};
  SimdTaylor<B, K> bend;
  unroll<K>([&](auto k) {
    bend.c[k] = product<k>(y.derivative, y.tanh_half);
    const B half = integral<k>(x, y.derivative);
    y.value.c[k + 1] = half;
    y.tanh_half.c[k + 1] = half + half;
    y.derivative.c[k + 1] = -integral<k>(x, bend);
  });
  return y;
}
DIMWISE_SIMD SimdTaylor<B, K> sigmoid(const SimdTaylor<B, K>& x) { return simd::logistic(x).value; }
DIMWISE_SIMD SimdTaylor<B, K> sigmoid_derivative(const SimdTaylor<B, K>& x) { return simd::logistic(x).derivative; }
DIMWISE_SIMD SimdTaylor<B, K> silu_derivative(const SimdTaylor<B, K>& x) {
  const auto y = simd::logistic(x);
  return y.value + detail::bounded(x) * y.derivative;
}

/// g = e^(−x²/divisor): g' = −(x²)'/divisor·g.
template <int divisor, class B, int K>
[[gnu::always_inline]] inline SimdTaylor<B, K> gaussian(const SimdTaylor<B, K>& x) {
  const SimdTaylor<B, K> at = detail::bounded(x);
  const SimdTaylor<B, K> exponent = (at * at) * B(typename B::value_type(-1.0 / divisor));
  SimdTaylor<B, K> y(simd::gaussian<divisor>(x.c[0]));
  unroll<K>([&](auto k) { y.c[k + 1] = integral<k>(exponent, y); });
  return y;
}

/// Tensor series of d = f'(x) for an f like tanh, from d and t = f(x), where t' = rise·d x' and d' = −fall·d t x'. If
/// the rules of d in t and of t in d were each expanded again, the cost would be exponential in the order.
inline Series saturating_derivative(const Series& x, const Tensor& d0, const Tensor& t0, double rise, double fall) {
  Series d(d0), t(t0), bend;
  for (int k = 0; k < x.order(); ++k) {
    bend.c.push_back(dimwise::detail::convolve(d, t, k, mul));
    const auto next = [&](const Series& s, double factor) {
      const Tensor c = dimwise::detail::derivative_coefficient(x, s, k);
      return c.defined() ? scale(c, factor / (k + 1)) : c;
    };
    Tensor up = next(d, rise), down = next(bend, -fall);
    t.c.push_back(std::move(up));
    d.c.push_back(std::move(down));
  }
  return d;
}
/// Whether a jet is computed in registers, or as one op.
inline bool in_registers(const Series& x) {
  return x.order() <= 1 || (x.order() <= 4 && !dimwise::detail::recorded(x));
}

/// x limited to ±10⁴, where the functions that it is a factor of are 0: their product is 0 at ±∞, too.
template <class X>
[[gnu::always_inline]] inline X bounded(const X& x) {
  return detail::bounded(x);
}

#undef DIMWISE_SIMD

}  // namespace dimwise::simd
