#pragma once
// Transcendental functions of SIMD batches. Included by .cpp files only.
//
// For float they are written here, on any architecture of xsimd; for double they are xsimd's own and formulas on them.
// Largest errors for float, in units of the last place: over all floats (softplus and silu: all of 2⁻¹⁴ ≤ |x| < 2⁷)
// with fused multiply-add, and over every 197th float without:
//   exp 0.90, 1.15 · tanh 2.57, 2.46 · sigmoid 2.41, 2.24 · softplus 2.28, 2.78 · silu 3.23, 2.97
// Results underflow gradually, and NaN gives NaN: of two unordered operands xsimd's min and max return the second.

#include <type_traits>
#include <xsimd/xsimd.hpp>

namespace dimwise::lanes {

namespace detail {

#if XSIMD_WITH_AVX512F
template <class A>
inline constexpr bool avx512 = std::is_base_of_v<xsimd::avx512f, A>;
#else
template <class A>
inline constexpr bool avx512 = false;
#endif

/// a·b + c, rounded once where the processor can. xsimd 8 does not know that AVX-512 can.
template <class A>
xsimd::batch<float, A> fma(const xsimd::batch<float, A>& a, const xsimd::batch<float, A>& b,
                           const xsimd::batch<float, A>& c) {
#if XSIMD_WITH_AVX512F
  if constexpr (avx512<A>) return _mm512_fmadd_ps(a, b, c);
#endif
  if constexpr (!avx512<A>) return xsimd::fma(a, b, c);
}

/// c₀ + c₁x + c₂x² + … by Horner's rule.
template <class A, class... C>
xsimd::batch<float, A> polynomial(const xsimd::batch<float, A>& x, float first, C... rest) {
  if constexpr (sizeof...(rest) == 0)
    return first;
  else
    return detail::fma(polynomial(x, rest...), x, xsimd::batch<float, A>(first));
}

/// y·2ⁿ of integers −252 ≤ n ≤ 254, rounded once: the first of two factors keeps y·2^(n/2) normal.
template <class A>
xsimd::batch<float, A> scale(const xsimd::batch<float, A>& y, const xsimd::batch<float, A>& n) {
#if XSIMD_WITH_AVX512F
  if constexpr (avx512<A>) return _mm512_scalef_ps(y, n);
#endif
  if constexpr (!avx512<A>) {
    using Int = xsimd::batch<int32_t, A>;
    const auto power = [](const Int& k) { return xsimd::bitwise_cast<xsimd::batch<float, A>>((k + Int(127)) << 23); };
    const Int whole = xsimd::to_int(n), half = whole >> 1;
    return y * power(half) * power(whole - half);
  }
}

/// eˣ = m·2ⁿ.
template <class A>
struct Power {
  xsimd::batch<float, A> m, n;
};

/// eˣ of −174 ≤ x ≤ 174: x = n ln 2 + r, |r| ≤ ½ ln 2, with ln 2 in two parts of which the first has nine bits, and
/// m = eʳ by a minimax polynomial (relative error 2^−28.3).
template <class A>
Power<A> power(const xsimd::batch<float, A>& x) {
  using V = xsimd::batch<float, A>;
  const V rounder(0x1.8p23f), log2e(1.44269504f), ln2_high(-0.693359375f), ln2_low(2.12194440e-4f);
  const V n = detail::fma(x, log2e, rounder) - rounder;
  const V r = detail::fma(n, ln2_low, detail::fma(n, ln2_high, x));
  return {polynomial(r, 1.0f, 1.0f, 0.499999934478f, 0.166665206319f, 0.0416683880398f, 0.00836871686899f,
                     0.00138145990424f),
          n};
}

/// ln(1 + u) of 0 ≤ u ≤ 1 by a minimax polynomial (relative error 2^−24.9).
template <class A>
xsimd::batch<float, A> log1p(const xsimd::batch<float, A>& u) {
  const auto p = polynomial(u, -0.499996479631f, 0.333213226273f, -0.248571638274f, 0.191536557786f, -0.137538044037f,
                            0.079204561587f, -0.0300658085722f, 0.00536482833118f);
  return detail::fma(u * u, p, u);
}

/// Beyond these the logistic function is 0 and 1, also when multiplied by x, so that an infinite x may stand for them.
template <class T>
inline constexpr T lowest = std::is_same_v<T, float> ? T(-110) : T(-750);
inline constexpr int highest = 50;

template <class T, class A>
xsimd::batch<T, A> limited(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  return xsimd::min(V(T(highest)), xsimd::max(V(lowest<T>), x));
}

}  // namespace detail

/// eˣ.
template <class T, class A>
xsimd::batch<T, A> exp(const xsimd::batch<T, A>& x) {
  if constexpr (std::is_same_v<T, float>) {
    using V = xsimd::batch<float, A>;
    const auto [m, n] = detail::power(xsimd::min(V(89.0f), xsimd::max(V(-105.0f), x)));
    return detail::scale(m, n);
  } else {
    return xsimd::exp(x);
  }
}

/// tanh x, for float sign(x)·h/(h + 1) of h = ½(e^(2|x|) − 1), which is accurate where e^(2|x|) − 1 would cancel:
/// h = 2ⁿh(r) + ½(2ⁿ − 1) of 2|x| = n ln 2 + 2r, with h(r) a minimax polynomial (relative error 2^−26.2).
template <class T, class A>
xsimd::batch<T, A> tanh(const xsimd::batch<T, A>& x) {
  if constexpr (std::is_same_v<T, float>) {
    using V = xsimd::batch<float, A>;
    using Int = xsimd::batch<int32_t, A>;
    // Bits of n + 127 stand lowest in `rounded`, where a shift makes them an exponent. From 10 on h + 1 rounds to h.
    const V sign = x & V(-0.0f), a = xsimd::min(V(10.0f), x ^ sign), rounder(0x1.8p23f + 127.0f);
    const V rounded = detail::fma(a, V(2.88539008f), rounder);
    const V two_n = xsimd::bitwise_cast<V>(xsimd::bitwise_cast<Int>(rounded) << 23);
    const V r = detail::fma(rounded - rounder, V(-0.34657359f), a);
    const V p =
        detail::polynomial(r, 0.999999963076f, 0.666661744813f, 0.333337599212f, 0.133864330282f, 0.0444240628792f);
    const V h = detail::fma(two_n, detail::fma(r * r, p, r), detail::fma(two_n, V(0.5f), V(-0.5f)));
    return (h / (h + 1.0f)) | sign;
  } else {
    return xsimd::tanh(x);
  }
}

/// 1 / (1 + e⁻ˣ).
template <class T, class A>
xsimd::batch<T, A> sigmoid(const xsimd::batch<T, A>& x) {
  const auto e = lanes::exp(xsimd::min(xsimd::batch<T, A>(T(detail::highest)), x));
  return e / (e + T(1));
}

/// ln(1 + eˣ).
template <class T, class A>
xsimd::batch<T, A> softplus(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  const V e = lanes::exp(x | V(T(-0.0)));
  const V above = xsimd::max(x, V(T(0)));
  if constexpr (std::is_same_v<T, float>)
    return above + detail::log1p(e);
  else
    return above + xsimd::log1p(e);
}

/// x / (1 + e⁻ˣ).
template <class T, class A>
xsimd::batch<T, A> silu(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  const V bounded = xsimd::max(V(detail::lowest<T>), x);
  if constexpr (std::is_same_v<T, float>) {
    // eˣ is denormal where x·eˣ need not be, so 2ⁿ is multiplied in last.
    const auto [m, n] = detail::power(detail::limited(x));
    return detail::scale(bounded * (m / (detail::scale(m, n) + 1.0f)), n);
  } else {
    return bounded * sigmoid(x);
  }
}

/// The derivative of silu.
template <class T, class A>
xsimd::batch<T, A> silu_slope(const xsimd::batch<T, A>& x) {
  const auto bounded = detail::limited(x);
  const auto e = lanes::exp(bounded), complement = T(1) / (e + T(1));
  return e * complement * (bounded * complement + T(1));
}

}  // namespace dimwise::lanes
