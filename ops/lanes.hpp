#pragma once
// What the lambdas of the records need besides xsimd's own functions. Included by .cpp files only.

#include <cmath>
#include <type_traits>
#include <xsimd/xsimd.hpp>

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

/// f of each lane by the C library, where it is more accurate than xsimd's or xsimd has none.
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

namespace lanes {
template <class T, class A>
auto pow(const xsimd::batch<T, A>& a, const xsimd::batch<T, A>& b) {
  return lanewise([](T x, T y) { return std::pow(x, y); }, a, b);
}
template <class T>
requires std::is_floating_point_v<T> T pow(T a, std::type_identity_t<T> b) { return std::pow(a, b); }
template <class T, class A>
auto log(const xsimd::batch<T, A>& a) {
  return lanewise([](T x) { return std::log(x); }, a);
}
template <class T>
requires std::is_floating_point_v<T> T log(T a) { return std::log(a); }
template <class T, class A>
auto erf(const xsimd::batch<T, A>& a) {
  return lanewise([](T x) { return std::erf(x); }, a);
}

// xsimd's != is ordered on AVX and AVX-512: false where an operand is NaN, as no language has it.
template <class X>
auto unequal(const X& a, const X& b) {
  return !(a == b);
}
template <class X>
auto is_nan(const X& a) {
  return unequal(a, a);
}
template <class T, class A>
auto nonzero(const xsimd::batch<T, A>& a) {
  return unequal(a, xsimd::batch<T, A>(T(0)));
}
template <class T>
requires std::is_floating_point_v<T>
bool nonzero(T a) { return a != 0; }
}  // namespace lanes

}  // namespace dimwise
