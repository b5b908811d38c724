#pragma once
// Taylor arithmetic on SIMD batches: the derivative rules of elementwise ops, run in registers. Included by .cpp files
// only.

#include <type_traits>
#include <utility>
#include <xsimd/xsimd.hpp>

namespace dimwise {

/// A truncated Taylor series c₀ + c₁t + … + c_K t^K whose coefficients are SIMD batches.
template <class B, int K>
struct LaneSeries {
  using value_type = typename B::value_type;
  B c[K + 1];

  // Inlined by force, here and below: a call would pass the registers through memory.
  [[gnu::always_inline]] LaneSeries(B value = B(value_type(0))) {  // NOLINT(google-explicit-constructor): a constant
    c[0] = value;
    for (int k = 1; k <= K; ++k) c[k] = B(value_type(0));
  }
};

template <class X>
struct is_lane_series : std::false_type {};
template <class B, int K>
struct is_lane_series<LaneSeries<B, K>> : std::true_type {};

template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> operator-(LaneSeries<B, K> x) {
  for (B& c : x.c) c = -c;
  return x;
}
template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> operator+(LaneSeries<B, K> a, const LaneSeries<B, K>& b) {
  for (int k = 0; k <= K; ++k) a.c[k] += b.c[k];
  return a;
}
template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> operator-(LaneSeries<B, K> a, const LaneSeries<B, K>& b) {
  for (int k = 0; k <= K; ++k) a.c[k] -= b.c[k];
  return a;
}
template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> operator*(const LaneSeries<B, K>& a, const LaneSeries<B, K>& b) {
  LaneSeries<B, K> y;
  for (int k = 0; k <= K; ++k)
    for (int j = 0; j <= k; ++j) y.c[k] += a.c[j] * b.c[k - j];
  return y;
}
template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> operator/(const LaneSeries<B, K>& a, const LaneSeries<B, K>& b) {
  LaneSeries<B, K> y;
  const B inverse = B(1) / b.c[0];
  for (int k = 0; k <= K; ++k) {
    B sum = a.c[k];
    for (int j = 0; j < k; ++j) sum -= y.c[j] * b.c[k - j];
    y.c[k] = k == 0 ? sum / b.c[0] : sum * inverse;
  }
  return y;
}

template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> operator+(LaneSeries<B, K> a, std::type_identity_t<B> b) {
  a.c[0] += b;
  return a;
}
template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> operator+(std::type_identity_t<B> a, LaneSeries<B, K> b) {
  return std::move(b) + a;
}
template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> operator-(LaneSeries<B, K> a, std::type_identity_t<B> b) {
  a.c[0] -= b;
  return a;
}
template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> operator-(std::type_identity_t<B> a, const LaneSeries<B, K>& b) {
  return -b + a;
}
template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> operator*(LaneSeries<B, K> a, std::type_identity_t<B> b) {
  for (B& c : a.c) c *= b;
  return a;
}
template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> operator*(std::type_identity_t<B> a, LaneSeries<B, K> b) {
  return std::move(b) * a;
}
template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> operator/(std::type_identity_t<B> a, const LaneSeries<B, K>& b) {
  return LaneSeries<B, K>(a) / b;
}

// Comparisons look at the value only.
template <class B, int K>
[[gnu::always_inline]] inline auto operator>(const LaneSeries<B, K>& a, std::type_identity_t<B> b) {
  return a.c[0] > b;
}
template <class B, int K>
[[gnu::always_inline]] inline auto operator<(const LaneSeries<B, K>& a, std::type_identity_t<B> b) {
  return a.c[0] < b;
}
template <class Condition, class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> where(const Condition& condition, const LaneSeries<B, K>& a,
                                                     const LaneSeries<B, K>& b) {
  LaneSeries<B, K> y;
  for (int k = 0; k <= K; ++k) y.c[k] = xsimd::select(condition, a.c[k], b.c[k]);
  return y;
}
template <class Condition, class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> where(const Condition& condition, const LaneSeries<B, K>& a, double b) {
  return where(condition, a, LaneSeries<B, K>(B(static_cast<typename B::value_type>(b))));
}
template <class Condition, class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> where(const Condition& condition, double a, const LaneSeries<B, K>& b) {
  return where(condition, LaneSeries<B, K>(B(static_cast<typename B::value_type>(a))), b);
}

namespace detail {
// y with y' = x' d(y, k), found order by order; d gives coefficient k of y's derivative by x.
template <class B, int K, class D>
[[gnu::always_inline]] inline void integrate(const LaneSeries<B, K>& x, LaneSeries<B, K>& y, D&& d) {
  using T = typename B::value_type;
  for (int k = 0; k < K; ++k) {
    B sum(T(0));
    for (int j = 0; j <= k; ++j) sum += x.c[j + 1] * (d(k - j) * B(T(j + 1)));
    y.c[k + 1] = sum * B(T(1) / T(k + 1));
  }
}
}  // namespace detail

template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> exp(const LaneSeries<B, K>& x) {
  LaneSeries<B, K> y(exp(x.c[0]));
  detail::integrate(x, y, [&](int k) { return y.c[k]; });
  return y;
}
template <class B, int K>
[[gnu::always_inline]] inline std::pair<LaneSeries<B, K>, LaneSeries<B, K>> sincos(const LaneSeries<B, K>& x) {
  using T = typename B::value_type;
  LaneSeries<B, K> s(sin(x.c[0])), c(cos(x.c[0]));
  for (int k = 0; k < K; ++k) {
    B up(T(0)), down(T(0));
    for (int j = 0; j <= k; ++j) {
      const B slope = x.c[j + 1] * B(T(j + 1));
      up += slope * c.c[k - j];
      down += slope * s.c[k - j];
    }
    s.c[k + 1] = up * B(T(1) / T(k + 1));
    c.c[k + 1] = -down * B(T(1) / T(k + 1));
  }
  return {s, c};
}
template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> sin(const LaneSeries<B, K>& x) {
  return sincos(x).first;
}
template <class B, int K>
[[gnu::always_inline]] inline LaneSeries<B, K> cos(const LaneSeries<B, K>& x) {
  return sincos(x).second;
}

/// The first derivative, and the value where K = 1, of df at the series: a df that is constant gives no series.
template <class B, int K, class Y>
[[gnu::always_inline]] inline LaneSeries<B, K> as_series(const Y& y) {
  if constexpr (is_lane_series<Y>::value)
    return y;
  else
    return LaneSeries<B, K>(B(y));
}

}  // namespace dimwise
