#pragma once
// Exponential and logarithmic functions of SIMD batches.
//
// xsimd's versions lose subnormal numbers and the ends of the range, and depend on neighboring lanes. Here each lane
// depends on its element alone, on any architecture of xsimd. Results underflow gradually. NaN gives NaN: xsimd's min
// and max return the second of two unordered operands, so the constant is the first operand.

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <xsimd/xsimd.hpp>

namespace dimwise::simd {

namespace detail {

#if XSIMD_WITH_AVX512F
template <class A>
inline constexpr bool avx512 = std::is_base_of_v<xsimd::avx512f, A>;
#else
template <class A>
inline constexpr bool avx512 = false;
#endif

template <class T>
inline constexpr bool is_float = std::is_same_v<T, float>;

/// The format of T: its bits, those of the fraction, the exponent of 1, and 1½·2^bits, whose neighbors are spaced by 1.
template <class T>
struct Format;
template <>
struct Format<float> {
  using Bits = uint32_t;
  static constexpr int fraction = 23, bias = 127;
  static constexpr float rounder = 0x1.8p23f;
};
template <>
struct Format<double> {
  using Bits = uint64_t;
  static constexpr int fraction = 52, bias = 1023;
  static constexpr double rounder = 0x1.8p52;
};

template <class T, class A>
[[gnu::always_inline]] inline auto bits(const xsimd::batch<T, A>& x) {
  return xsimd::bitwise_cast<xsimd::batch<typename Format<T>::Bits, A>>(x);
}

/// a·b + c, rounded once if the processor has FMA. xsimd 8 does not use that of AVX-512.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> fused(const xsimd::batch<T, A>& a, const xsimd::batch<T, A>& b,
                                                       const xsimd::batch<T, A>& c) {
#if XSIMD_WITH_AVX512F
  if constexpr (avx512<A> && is_float<T>) return _mm512_fmadd_ps(a, b, c);
  if constexpr (avx512<A> && !is_float<T>) return _mm512_fmadd_pd(a, b, c);
#endif
  if constexpr (!avx512<A>) return xsimd::fma(a, b, c);
}

/// c₀ + c₁x + c₂x² + … by Horner's rule.
template <class T, class A, class... C>
[[gnu::always_inline]] inline xsimd::batch<T, A> polynomial(const xsimd::batch<T, A>& x, std::type_identity_t<T> first,
                                                            C... rest) {
  if constexpr (sizeof...(rest) == 0)
    return xsimd::batch<T, A>(first);
  else
    return detail::fused(polynomial(x, static_cast<T>(rest)...), x, xsimd::batch<T, A>(first));
}

/// The nearest integer to x/y, for y given by 1/y, of |x/y| < 2^(bits − 2).
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> nearest(const xsimd::batch<T, A>& x, T inverse) {
  const xsimd::batch<T, A> rounder(Format<T>::rounder);
  return detail::fused(x, xsimd::batch<T, A>(inverse), rounder) - rounder;
}

/// 2ⁿ of integers n whose power is a normal number.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> power_of_two(const xsimd::batch<T, A>& n) {
  const xsimd::batch<T, A> shifted = n + (Format<T>::rounder + T(Format<T>::bias));
  return xsimd::bitwise_cast<xsimd::batch<T, A>>(bits(shifted) << Format<T>::fraction);
}

/// y·2ⁿ of integers n up to twice the exponents of T, rounded once: the first of two factors keeps y·2^(n/2) normal.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> scale(const xsimd::batch<T, A>& y, const xsimd::batch<T, A>& n) {
#if XSIMD_WITH_AVX512F
  if constexpr (avx512<A> && is_float<T>) return _mm512_scalef_ps(y, n);
  if constexpr (avx512<A> && !is_float<T>) return _mm512_scalef_pd(y, n);
#endif
  if constexpr (!avx512<A>) {
    const auto half = nearest(n, T(0.5));
    return y * power_of_two(half) * power_of_two(n - half);
  }
}

/// x − n ln 2 with ln 2 in two parts, of which n times the first is exact.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> without(const xsimd::batch<T, A>& x, const xsimd::batch<T, A>& n) {
  using V = xsimd::batch<T, A>;
  constexpr T high = is_float<T> ? T(-0.693359375) : T(-6.93147180369123816490e-01),
              low = is_float<T> ? T(2.12194440e-4) : T(-1.90821492927058770002e-10);
  return detail::fused(n, V(low), detail::fused(n, V(high), x));
}

template <class T>
inline constexpr T log2e = T(1.4426950408889634);

/// eˣ = (1 + m)·2ⁿ with m = eʳ − 1, |r| ≤ ½ ln 2, by polynomials with relative errors of m of 2^−26.2 and 2^−60.
template <class T, class A>
struct Power {
  xsimd::batch<T, A> m, n;
};
template <class T, class A>
[[gnu::always_inline]] inline Power<T, A> power(const xsimd::batch<T, A>& x) {
  const auto n = nearest(x, log2e<T>), r = without(x, n);
  if constexpr (is_float<T>)
    return {
        fused(r * r, polynomial(r, 0.4999999815f, 0.1666654362f, 0.04166719990f, 0.008366520643f, 0.001388252090f), r),
        n};
  else
    return {
        fused(r * r,
              polynomial(r, 0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326103, 0.0013888888888883726,
                         0.00019841269874932202, 2.4801587325627418e-05, 2.755725525875986e-06, 2.7557273542102106e-07,
                         2.5105275841936966e-08, 2.0914728984148772e-09),
              r),
        n};
}

/// ½(eˣ − 1) without cancellation, with n limited to at least −64, below which the result does not change. The half is
/// finite for eˣ up to twice the largest number.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> half_expm1(const Power<T, A>& p) {
  const auto half = power_of_two(p.n - T(1));
  return detail::fused(half, p.m, half - T(0.5));
}

/// Below `lowest` the logistic function is 0, also when multiplied by x, and beyond `highest` 1, so that x is limited
/// to [lowest, highest]. The square of e^highest is finite.
template <class T>
inline constexpr T lowest = is_float<T> ? T(-110) : T(-760);
inline constexpr int highest = 40;

template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> limited(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  return xsimd::min(V(T(highest)), xsimd::max(V(lowest<T>), x));
}

/// x limited to ±10⁴, where the functions that it is a factor of are 0: their product is 0 at ±∞, too.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> bounded(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  return xsimd::min(V(T(1e4)), xsimd::max(V(T(-1e4)), x));
}

/// (1 + e)², rounded about as often as 1 + e.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> square_of_one_plus(const xsimd::batch<T, A>& e) {
  return detail::fused(e, e + T(2), xsimd::batch<T, A>(T(1)));
}

/// The sign bit of x.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> sign(const xsimd::batch<T, A>& x) {
  return x & xsimd::batch<T, A>(T(-0.0));
}

/// ln((u + c)/2^shift) for a normal u = 2ᵏ(1 + f), √½ ≤ 1 + f < √2, and c within u's rounding, with ln(1 + f) by a
/// polynomial in (f/(2 + f))², as in Sun's fdlibm.
template <bool rounded, class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> log_sum(const xsimd::batch<T, A>& u,
                                                         [[maybe_unused]] const xsimd::batch<T, A>& c,
                                                         const xsimd::batch<T, A>& shift) {
  using V = xsimd::batch<T, A>;
  using F = Format<T>;
  using B = typename F::Bits;
  using U = xsimd::batch<B, A>;
  // Bits above those of √½ carry into the exponent. Its integer is read as the fraction of a power of two.
  constexpr B one = B(F::bias) << F::fraction, root = is_float<T> ? B(0x3f3504f3) : B(0x3fe6a09e667f3bcd),
              fraction = (B(1) << F::fraction) - 1, integers = B(F::bias + F::fraction) << F::fraction;
  const U moved = bits(u) + U(one - root), exponent = moved >> F::fraction;
  const V k = (xsimd::bitwise_cast<V>(exponent | U(integers)) - (T(B(1) << F::fraction) + T(F::bias))) - shift;
  const V f = xsimd::bitwise_cast<V>((moved & U(fraction)) + U(root)) - T(1);
  const V s = f / (f + T(2)), z = s * s, half_square = f * f * T(0.5);
  V p;
  if constexpr (is_float<T>)
    p = polynomial(z, 0.66666662693f, 0.40000972152f, 0.28498786688f, 0.24279078841f);
  else
    p = polynomial(z, 6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
                   2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
                   1.479819860511658591e-01);
  constexpr T high = is_float<T> ? T(6.9313812256e-01) : T(6.93147180369123816490e-01),
              low = is_float<T> ? T(9.0580006145e-06) : T(1.90821492927058770002e-10);
  V small = k * low;
  if constexpr (rounded) {
    // c/u to the accuracy that such a small term needs: 1/(1 + f) is (1 − s)² up to s². k may exceed the largest
    // exponent by one, so twice 2⁻ᵏ is used.
    constexpr B top = B(2 * F::bias + 1) << F::fraction;
    const V rest = T(1) - s, inverse = xsimd::bitwise_cast<V>(U(top) - (exponent << F::fraction));
    small += (c * T(0.5)) * inverse * (rest * rest);
  }
  return k * high - ((half_square - (s * (half_square + z * p) + small)) - f);
}

}  // namespace detail

/// eˣ.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> exp(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  constexpr T low = detail::is_float<T> ? T(-105) : T(-746), high = detail::is_float<T> ? T(89) : T(710);
  const V at = xsimd::min(V(high), xsimd::max(V(low), x));
  if constexpr (detail::is_float<T>) {
    // One more term than for m, and no final sum.
    const V n = detail::nearest(at, detail::log2e<T>);
    return detail::scale(detail::polynomial(detail::without(at, n), 1.0f, 1.0f, 0.499999934478f, 0.166665206319f,
                                            0.0416683880398f, 0.00836871686899f, 0.00138145990424f),
                         n);
  } else {
    const auto p = detail::power(at);
    return detail::scale(p.m + T(1), p.n);
  }
}

/// eˣ − 1.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> expm1(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  constexpr T low = detail::is_float<T> ? T(-20) : T(-40), high = detail::is_float<T> ? T(89) : T(710);
  const V h = detail::half_expm1(detail::power(xsimd::min(V(high), xsimd::max(V(low), x))));
  // Halves of subnormal numbers are not exact.
  return xsimd::select(xsimd::abs(x) < V(T(1e-30)), x, h + h);
}

/// ln x.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> log(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  constexpr T smallest = std::numeric_limits<T>::min(), inf = std::numeric_limits<T>::infinity();
  constexpr T up = T(detail::is_float<T> ? 0x1p24 : 0x1p53), steps = T(detail::Format<T>::fraction + 1);
  const auto subnormal = x < V(smallest);
  const V zero(T(0)), u = xsimd::select(subnormal, x * up, x);
  const V y = detail::log_sum<false>(u, zero, xsimd::select(subnormal, V(steps), zero));
  const V outside = xsimd::select(x == V(T(0)), V(-inf), xsimd::select(x == V(inf), x, V(T(NAN))));
  return xsimd::select((x > V(T(0))) & (x < V(inf)), y, outside);
}

/// ln(1 + x).
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> log1p(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  constexpr T inf = std::numeric_limits<T>::infinity();
  // 1 + x = u + c exactly; the larger of the two operands determines c.
  const V u = x + T(1), c = xsimd::select(xsimd::abs(x) > V(T(1)), T(1) - (u - x), x - (u - T(1)));
  const V y = detail::log_sum<true>(u, c, V(T(0))) | detail::sign(x);
  const V outside = xsimd::select(x == V(T(-1)), V(-inf), xsimd::select(x == V(inf), x, V(T(NAN))));
  return xsimd::select((x > V(T(-1))) & (x < V(inf)), y, outside);
}

/// tanh x = sign(x)·h/(h + 1) of h = ½(e^(2|x|) − 1), exactly ±1 once h + 1 rounds to h.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> tanh(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  const V s = detail::sign(x), a = xsimd::min(V(T(detail::is_float<T> ? 10 : 20)), x ^ s);
  V h;
  if constexpr (detail::is_float<T>) {
    // n is so small that ln 2 need not be split. The lowest bits of `rounded` are n + 127, which a shift turns into an
    // exponent; ½(e^(2r) − 1) is a polynomial with a relative error of 2^−26.2.
    const V rounder(detail::Format<T>::rounder + 127.0f), rounded = detail::fused(a, V(2.88539008f), rounder);
    const V two_n = xsimd::bitwise_cast<V>(detail::bits(rounded) << 23);
    const V r = detail::fused(rounded - rounder, V(-0.34657359f), a);
    const V p =
        detail::polynomial(r, 0.999999963076f, 0.666661744813f, 0.333337599212f, 0.133864330282f, 0.0444240628792f);
    h = detail::fused(two_n, detail::fused(r * r, p, r), detail::fused(two_n, V(0.5f), V(-0.5f)));
  } else {
    h = detail::half_expm1(detail::power(a + a));
  }
  return (h / (h + T(1))) | s;
}

/// 1 / (1 + e⁻ˣ).
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> sigmoid(const xsimd::batch<T, A>& x) {
  const auto e = simd::exp(xsimd::min(xsimd::batch<T, A>(T(detail::highest)), x));
  return e / (e + T(1));
}

/// The derivative of the logistic function, e/(1 + e)² of e = e^(−|x|), without the cancellation of y(1 − y).
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> sigmoid_derivative(const xsimd::batch<T, A>& x) {
  const auto e = simd::exp(x | xsimd::batch<T, A>(T(-0.0)));
  return e / detail::square_of_one_plus(e);
}

/// The logistic function, its derivative and tanh(½x), which rules of higher derivatives need together.
template <class X>
struct Logistic {
  X value, derivative, tanh_half;
};
template <class T, class A>
[[gnu::always_inline]] inline Logistic<xsimd::batch<T, A>> logistic(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  const V negative = xsimd::max(V(detail::lowest<T>), x | V(T(-0.0)));
  const auto p = detail::power(negative);
  const V h = detail::half_expm1(detail::Power<T, A>{p.m, xsimd::max(V(T(-64)), p.n)});
  const V m = p.m + T(1), e = detail::scale(m, p.n), inverse = T(1) / detail::square_of_one_plus(e),
          large = (e + T(1)) * inverse;
  return {xsimd::select(x < V(T(0)), detail::scale(m * large, p.n), large), detail::scale(m * inverse, p.n),
          ((h + h) * large) ^ (detail::sign(x) ^ V(T(-0.0)))};
}

/// ln(1 + eˣ).
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> softplus(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  const V e = simd::exp(x | V(T(-0.0)));
  const V above = xsimd::max(x, V(T(0)));
  if constexpr (detail::is_float<T>) {
    // ln(1 + e) of 0 ≤ e ≤ 1 by a minimax polynomial (relative error 2^−24.9).
    const V p = detail::polynomial(e, -0.499996479631f, 0.333213226273f, -0.248571638274f, 0.191536557786f,
                                   -0.137538044037f, 0.079204561587f, -0.0300658085722f, 0.00536482833118f);
    return above + detail::fused(e * e, p, e);
  } else {
    const V u = e + T(1);
    return above + detail::log_sum<true>(u, e - (u - T(1)), V(T(0)));
  }
}

/// x / (1 + e⁻ˣ). eˣ may be subnormal when x·eˣ is not, so 2ⁿ is the last factor.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> silu(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  const V at = xsimd::max(V(detail::lowest<T>), x);
  const auto p = detail::power(detail::limited(x));
  const V m = p.m + T(1);
  return detail::scale(at * (m / (detail::scale(m, p.n) + T(1))), p.n);
}

/// The derivative of silu.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> silu_derivative(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  const V at = detail::limited(x);
  const auto p = detail::power(at);
  const V m = p.m + T(1), e = detail::scale(m, p.n);
  const V y = detail::scale(m * (at + (e + T(1))) / detail::square_of_one_plus(e), p.n);
  return xsimd::select(x > V(T(detail::highest)), V(T(1)), y);
}

/// e^(−x²/divisor) of a divisor 1 or 2. The rounding error of x² would be amplified by x², so it is corrected.
template <int divisor, class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> gaussian(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  using U = xsimd::batch<typename detail::Format<T>::Bits, A>;
  using B = typename detail::Format<T>::Bits;
  static_assert(divisor == 1 || divisor == 2);
  constexpr B upper = ~((B(1) << (detail::is_float<T> ? 12 : 27)) - 1);
  const V a = xsimd::min(V(T(40)), xsimd::abs(x)), square = a * a;
  const V high = xsimd::bitwise_cast<V>(detail::bits(a) & U(upper)), low = a - high;
  const V lost = ((high * high - square) + T(2) * high * low) + low * low;
  const V y = simd::exp(square * T(-1.0 / divisor));
  return y - y * (lost * T(1.0 / divisor));
}

}  // namespace dimwise::simd
