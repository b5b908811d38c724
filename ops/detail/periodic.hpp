#pragma once
// Sine and cosine of SIMD batches.
//
// xsimd chooses the argument reduction by the largest argument of a batch, so that a lane's value depends on its
// neighbors. Here every lane is reduced in the same way, and the C library computes lanes too large for that.

#include <cmath>

#include "ops/detail/transcendental.hpp"

namespace dimwise::simd {

namespace detail {

/// The largest argument from which n·(π/2) can be subtracted in parts: n has 10 bits and a part of π/2 has 14, or 20
/// and 33.
template <class T>
inline constexpr T periodic_limit = is_float<T> ? T(1600) : T(1.6e6);

/// sin(x + quarters·π/2).
template <int quarters, class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> sine(const xsimd::batch<T, A>& x) {
  using V = xsimd::batch<T, A>;
  using F = Format<T>;
  using U = xsimd::batch<typename F::Bits, A>;
  const V rounder(F::rounder), shifted = fused(x, V(T(0.63661977236758134308)), rounder), n = shifted - rounder;
  V r, s, c;
  if constexpr (is_float<T>) {
    r = fused(n, V(-0x1.1846980000000p-44f),
              fused(n, V(-0x1.10bp-30f), fused(n, V(-0x1.ed5p-14f), fused(n, V(-0x1.9218p+0f), x))));
    const V z = r * r;
    s = fused(r * z, polynomial(z, -1.6666654611e-1f, 8.3321608736e-3f, -1.9515295891e-4f), r);
    c = fused(z * z, polynomial(z, 4.166664568298827e-2f, -1.388731625493765e-3f, 2.443315711809948e-5f),
              fused(z, V(-0.5f), V(1.0f)));
  } else {
    r = fused(n, V(-2.02226624879595063154e-21),
              fused(n, V(-6.07710050630396597660e-11), fused(n, V(-1.57079632673412561417e+00), x)));
    const V z = r * r;
    s = fused(r * z,
              polynomial(z, -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04,
                         2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10),
              r);
    c = fused(z * z,
              polynomial(z, 4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05,
                         -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11),
              fused(z, V(-0.5), V(1.0)));
  }
  if constexpr (quarters == 0) s = s | detail::sign(r);  // of −0
  // In odd quarters the sine is replaced by the cosine of r; in the upper half the sign is flipped.
  const U quarter = bits(shifted) + U(quarters);
  const V other = xsimd::bitwise_cast<V>(U(0) - (quarter & U(1)));
  const V turned = xsimd::bitwise_cast<V>((quarter & U(2)) << static_cast<int>(8 * sizeof(T) - 2));
  return (s ^ ((s ^ c) & other)) ^ turned;
}

template <class T, class A, class F>
[[gnu::noinline]] xsimd::batch<T, A> beyond_limit(const xsimd::batch<T, A>& x, const xsimd::batch<T, A>& y, F f) {
  alignas(64) T in[xsimd::batch<T, A>::size], out[xsimd::batch<T, A>::size];
  x.store_aligned(in);
  y.store_aligned(out);
  for (size_t i = 0; i < xsimd::batch<T, A>::size; ++i)
    if (!(std::abs(in[i]) <= periodic_limit<T>)) out[i] = f(in[i]);
  return xsimd::batch<T, A>::load_aligned(out);
}

template <class T, class A>
[[gnu::always_inline]] inline bool within_limit(const xsimd::batch<T, A>& x) {
  return xsimd::all(xsimd::abs(x) <= xsimd::batch<T, A>(periodic_limit<T>));
}

}  // namespace detail

template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> sin(const xsimd::batch<T, A>& x) {
  const auto y = detail::sine<0>(x);
  if (detail::within_limit(x)) return y;
  return detail::beyond_limit(x, y, [](T v) { return std::sin(v); });
}
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> cos(const xsimd::batch<T, A>& x) {
  const auto y = detail::sine<1>(x);
  if (detail::within_limit(x)) return y;
  return detail::beyond_limit(x, y, [](T v) { return std::cos(v); });
}

}  // namespace dimwise::simd
