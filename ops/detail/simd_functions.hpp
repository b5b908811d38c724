#pragma once
// Functions for the lambdas of the records that xsimd does not provide.

#include <cmath>
#include <numbers>
#include <type_traits>
#include <xsimd/xsimd.hpp>

#include "autodiff/basic.hpp"
#include "autodiff/kernels/simd_taylor.hpp"
#include "autodiff/series.hpp"
#include "ops/detail/transcendental.hpp"

namespace dimwise {

/// Selection, for SIMD batches and for the scalars at the end of a row.
template <class T, class A>
xsimd::batch<T, A> where(const xsimd::batch_bool<T, A>& c, const xsimd::batch<T, A>& a, const xsimd::batch<T, A>& b) {
  return xsimd::select(c, a, b);
}
template <class T, class A>
xsimd::batch<T, A> where(const xsimd::batch_bool<T, A>& c, const xsimd::batch<T, A>& a, double b) {
  return xsimd::select(c, a, xsimd::batch<T, A>(static_cast<T>(b)));
}
template <class T, class A>
xsimd::batch<T, A> where(const xsimd::batch_bool<T, A>& c, double a, const xsimd::batch<T, A>& b) {
  return xsimd::select(c, xsimd::batch<T, A>(static_cast<T>(a)), b);
}
template <class T, class A>
xsimd::batch<T, A> where(const xsimd::batch_bool<T, A>& c, double a, double b) {
  return xsimd::select(c, xsimd::batch<T, A>(static_cast<T>(a)), xsimd::batch<T, A>(static_cast<T>(b)));
}
template <class T>
requires std::is_floating_point_v<T> T where(bool c, T a, std::type_identity_t<T> b) { return c ? a : b; }

/// f of each lane by the C library, if xsimd has no such function or a less accurate one.
template <class T, class A, class F>
xsimd::batch<T, A> lanewise(F f, const xsimd::batch<T, A>& a) {
  alignas(64) T x[xsimd::batch<T, A>::size];
  a.store_aligned(x);
  for (T& v : x) v = f(v);
  return xsimd::batch<T, A>::load_aligned(x);
}
template <class T, class A, class F>
xsimd::batch<T, A> lanewise(F f, const xsimd::batch<T, A>& a, const xsimd::batch<T, A>& b) {
  alignas(64) T x[xsimd::batch<T, A>::size], y[xsimd::batch<T, A>::size];
  a.store_aligned(x);
  b.store_aligned(y);
  for (size_t i = 0; i < xsimd::batch<T, A>::size; ++i) x[i] = f(x[i], y[i]);
  return xsimd::batch<T, A>::load_aligned(x);
}

namespace simd {
template <class T, class A>
auto pow(const xsimd::batch<T, A>& a, const xsimd::batch<T, A>& b) {
  return lanewise([](T x, T y) { return std::pow(x, y); }, a, b);
}
template <class T>
requires std::is_floating_point_v<T> T pow(T a, std::type_identity_t<T> b) { return std::pow(a, b); }
/// Scalars are computed as a batch, so that they round like vectors.
template <class T>
requires std::is_floating_point_v<T> T log(T a) { return simd::log(xsimd::batch<T>(a)).get(0); }
template <class T, class A>
auto erf(const xsimd::batch<T, A>& a) {
  return lanewise([](T x) { return std::erf(x); }, a);
}
template <class T, class A>
auto erfc(const xsimd::batch<T, A>& a) {
  return lanewise([](T x) { return std::erfc(x); }, a);
}

namespace detail {
// Φ(x) = ½ erfc(−x/√2). The rounding error of the argument is amplified by its square, so it is corrected to first
// order.
inline double normal_cdf(double x) {
  if (std::abs(x) > 40) return x < 0 ? 0 : 1;  // the correction of an infinite x is NaN
  constexpr double high = 0.70710678118654757, low = -4.833646656726457e-17;
  const double t = -x * high, lost = std::fma(-x, high, -t) - x * low;
  const double y = std::erfc(t);
  return 0.5 * (y - 2 * std::numbers::inv_sqrtpi * std::exp(-t * t) * lost);
}
inline float normal_cdf(float x) { return static_cast<float>(0.5 * std::erfc(-std::sqrt(0.5) * x)); }
// Φ(x) is subnormal before x·Φ(x) = −φ(x)(1 − 1/x² + 3/x⁴ − …) is.
inline double gelu_tail(double x) {
  const double square = x * x, lost = std::fma(x, x, -square), z = 1 / square;
  const double y = std::exp(-0.5 * square), density = (y - y * (0.5 * lost)) * (std::numbers::inv_sqrtpi * M_SQRT1_2);
  return -density * (1 - z * (1 - z * (3 - z * (15 - z * (105 - z * (945 - z * 10395))))));
}
inline double gelu(double x) { return x < -40 ? -0.0 : x < -37 ? gelu_tail(x) : x * normal_cdf(x); }
inline float gelu(float x) { return x < -40 ? -0.0f : static_cast<float>(x * (0.5 * std::erfc(-std::sqrt(0.5) * x))); }
}  // namespace detail
template <class T, class A>
auto normal_cdf(const xsimd::batch<T, A>& a) {
  return lanewise([](T x) { return detail::normal_cdf(x); }, a);
}
/// x·Φ(x).
template <class T, class A>
auto gelu(const xsimd::batch<T, A>& a) {
  return lanewise([](T x) { return detail::gelu(x); }, a);
}

/// The value of x, without higher coefficients: for derivatives that are piecewise constant.
template <class T, class A>
xsimd::batch<T, A> value_of(const xsimd::batch<T, A>& x) {
  return x;
}
template <class B, int K>
B value_of(const SimdTaylor<B, K>& x) {
  return x.c[0];
}
[[nodiscard]] inline Tensor value_of(const Series& x) { return stop_gradient(x.value()); }

/// −x with the sign of zeros, which xsimd loses on AVX-512, where it computes 0 − x.
template <class X>
[[gnu::always_inline]] inline auto negative(const X& x) {
  return -x;
}
template <class T, class A>
[[gnu::always_inline]] inline auto negative(const xsimd::batch<T, A>& x) {
  return x ^ xsimd::batch<T, A>(T(-0.0));
}

// xsimd's != is ordered on AVX and AVX-512: false if an operand is NaN, contrary to IEEE and C++.
template <class X>
auto unequal(const X& a, const X& b) {
  return !(a == b);
}
template <class T, class A>
auto nonzero(const xsimd::batch<T, A>& a) {
  return unequal(a, xsimd::batch<T, A>(T(0)));
}
template <class T>
requires std::is_floating_point_v<T>
bool nonzero(T a) { return a != 0; }
}  // namespace simd

}  // namespace dimwise
