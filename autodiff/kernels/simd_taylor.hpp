#pragma once
// Taylor arithmetic on SIMD batches: the derivative rules of elementwise ops, run in registers. Included by .cpp files
// only.

#include <type_traits>
#include <utility>
#include <xsimd/xsimd.hpp>

namespace dimwise {

/// f(0), …, f(N − 1) with constant arguments. Loops over coefficients use it, and everything is forced inline: only
/// then does the compiler keep the coefficients in registers.
template <int N, class F>
[[gnu::always_inline]] inline void unroll(F&& f) {
  const auto go = [&]<int... K>(std::integer_sequence<int, K...>) __attribute__((always_inline)) {
    (f(std::integral_constant<int, K>{}), ...);
  };
  go(std::make_integer_sequence<int, N>{});
}

/// A truncated Taylor series c₀ + c₁t + … + c_K t^K whose coefficients are SIMD batches.
template <class B, int K>
struct SimdTaylor {
  using value_type = typename B::value_type;
  B c[K + 1];

  [[gnu::always_inline]] SimdTaylor(B value = B(value_type(0))) {  // NOLINT(google-explicit-constructor): a constant
    c[0] = value;
    unroll<K>([&](auto k) { c[k + 1] = B(value_type(0)); });
  }
};

template <class X>
struct is_simd_taylor : std::false_type {};
template <class B, int K>
struct is_simd_taylor<SimdTaylor<B, K>> : std::true_type {};

/// The series whose coefficient k is f(k).
template <class B, int K, class F>
[[gnu::always_inline]] inline SimdTaylor<B, K> by_coefficient(F&& f) {
  SimdTaylor<B, K> y;
  unroll<K + 1>([&](auto k) __attribute__((always_inline)) { y.c[k] = f(k); });
  return y;
}

/// Coefficient k of a·b.
template <int k, class B, int K>
[[gnu::always_inline]] inline B product(const SimdTaylor<B, K>& a, const SimdTaylor<B, K>& b) {
  B sum = a.c[0] * b.c[k];
  unroll<k>([&](auto j) { sum += a.c[j + 1] * b.c[k - j - 1]; });
  return sum;
}

#define DIMWISE_SIMD        \
  template <class B, int K> \
  [[gnu::always_inline]] inline

DIMWISE_SIMD SimdTaylor<B, K> operator-(const SimdTaylor<B, K>& x) {
  return by_coefficient<B, K>([&](auto k) { return -x.c[k]; });
}
DIMWISE_SIMD SimdTaylor<B, K> operator+(const SimdTaylor<B, K>& a, const SimdTaylor<B, K>& b) {
  return by_coefficient<B, K>([&](auto k) { return a.c[k] + b.c[k]; });
}
DIMWISE_SIMD SimdTaylor<B, K> operator-(const SimdTaylor<B, K>& a, const SimdTaylor<B, K>& b) {
  return by_coefficient<B, K>([&](auto k) { return a.c[k] - b.c[k]; });
}
DIMWISE_SIMD SimdTaylor<B, K> operator*(const SimdTaylor<B, K>& a, const SimdTaylor<B, K>& b) {
  return by_coefficient<B, K>([&](auto k) { return product<k>(a, b); });
}
DIMWISE_SIMD SimdTaylor<B, K> operator/(const SimdTaylor<B, K>& a, const SimdTaylor<B, K>& b) {
  SimdTaylor<B, K> y;
  y.c[0] = a.c[0] / b.c[0];
  const B inverse = B(typename B::value_type(1)) / b.c[0];
  unroll<K>([&](auto k) {
    B sum = a.c[k + 1];
    unroll<k + 1>([&](auto j) { sum -= y.c[j] * b.c[k + 1 - j]; });
    y.c[k + 1] = sum * inverse;
  });
  return y;
}

DIMWISE_SIMD SimdTaylor<B, K> operator+(const SimdTaylor<B, K>& a, std::type_identity_t<B> b) {
  SimdTaylor<B, K> y = a;
  y.c[0] += b;
  return y;
}
DIMWISE_SIMD SimdTaylor<B, K> operator+(std::type_identity_t<B> a, const SimdTaylor<B, K>& b) { return b + a; }
DIMWISE_SIMD SimdTaylor<B, K> operator-(const SimdTaylor<B, K>& a, std::type_identity_t<B> b) { return a + -b; }
DIMWISE_SIMD SimdTaylor<B, K> operator-(std::type_identity_t<B> a, const SimdTaylor<B, K>& b) { return -b + a; }
DIMWISE_SIMD SimdTaylor<B, K> operator*(const SimdTaylor<B, K>& a, std::type_identity_t<B> b) {
  return by_coefficient<B, K>([&](auto k) { return a.c[k] * b; });
}
DIMWISE_SIMD SimdTaylor<B, K> operator*(std::type_identity_t<B> a, const SimdTaylor<B, K>& b) { return b * a; }
DIMWISE_SIMD SimdTaylor<B, K> operator/(std::type_identity_t<B> a, const SimdTaylor<B, K>& b) {
  return SimdTaylor<B, K>(a) / b;
}

// Comparisons use only the value.
DIMWISE_SIMD auto operator>(const SimdTaylor<B, K>& a, std::type_identity_t<B> b) { return a.c[0] > b; }
DIMWISE_SIMD auto operator<(const SimdTaylor<B, K>& a, std::type_identity_t<B> b) { return a.c[0] < b; }
template <class Condition, class B, int K>
[[gnu::always_inline]] inline SimdTaylor<B, K> where(const Condition& condition, const SimdTaylor<B, K>& a,
                                                     const SimdTaylor<B, K>& b) {
  return by_coefficient<B, K>([&](auto k) { return xsimd::select(condition, a.c[k], b.c[k]); });
}
DIMWISE_SIMD SimdTaylor<B, K> where(const auto& condition, const SimdTaylor<B, K>& a, double b) {
  return where(condition, a, SimdTaylor<B, K>(B(static_cast<typename B::value_type>(b))));
}
DIMWISE_SIMD SimdTaylor<B, K> where(const auto& condition, double a, const SimdTaylor<B, K>& b) {
  return where(condition, SimdTaylor<B, K>(B(static_cast<typename B::value_type>(a))), b);
}

/// Coefficient k + 1 of y from y' = x' d, where d's coefficients are known up to k. On a line x₂, x₃, … are zero, and
/// are not multiplied by a d that may be infinite.
template <int k, class B, int K, int D>
[[gnu::always_inline]] inline B integral(const SimdTaylor<B, K>& x, const SimdTaylor<B, D>& d, bool line = false) {
  using T = typename B::value_type;
  B sum = x.c[1] * d.c[k];
  unroll<k>([&](auto j) {
    if (!line) sum += x.c[j + 2] * (d.c[k - j - 1] * B(T(j + 2)));
  });
  return sum * B(T(1) / T(k + 1));
}

#undef DIMWISE_SIMD

/// The result of a df of a series: a series, or a constant.
template <class B, int K, class Y>
[[gnu::always_inline]] inline SimdTaylor<B, K> as_series(const Y& y) {
  if constexpr (is_simd_taylor<Y>::value)
    return y;
  else
    return SimdTaylor<B, K>(B(y));
}

}  // namespace dimwise
