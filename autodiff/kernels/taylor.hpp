#pragma once
// Derivatives of elementwise functions in one pass over memory, from the lambda df of their record. Included by .cpp
// files only.

#include <vector>

#include "autodiff/kernels/evaluate.hpp"
#include "autodiff/kernels/simd_taylor.hpp"
#include "autodiff/series.hpp"

namespace dimwise {

/// w·d of a batch of cotangents and a batch of derivatives, and 0 wherever w is 0, for any d.
template <class B>
[[gnu::always_inline]] inline B cotangent_mul(const B& w, const std::type_identity_t<B>& d) {
  return xsimd::select(w == B(typename B::value_type(0)), w, w * d);
}

inline constexpr auto cotangent_product = [](auto w, auto d) { return cotangent_mul(w, d); };

/// df at s, which is x, or y for a df of two arguments, which uses only the second.
template <class DF, class X>
[[gnu::always_inline]] inline auto first_derivative(const X& s) {
  if constexpr (std::is_invocable_v<DF, const X&, const X&>)
    return DF{}(s, s);
  else
    return DF{}(s);
}
/// The derivative of df at s along s + t.
template <class DF, class B>
[[gnu::always_inline]] inline B second_derivative(const B& s) {
  SimdTaylor<B, 1> line(s);
  line.c[1] = B(typename B::value_type(1));
  return as_series<B, 1>(first_derivative<DF>(line)).c[1];
}

/// w ⊙ df(s) and v ⊙ w ⊙ df'(s), for `evaluate`.
template <class DF>
inline constexpr auto times_first = [](auto w, auto s) { return cotangent_mul(w, first_derivative<DF>(s)); };
template <class DF>
inline constexpr auto times_second =
    [](auto v, auto w, auto s) { return cotangent_mul(v * w, second_derivative<DF>(s)); };

namespace detail {

// y₁ … y_K of f's series from s = y₀, for a df of y, or from x, for one of x, and x₁ … x_K: coefficient by coefficient,
// each from the known coefficients of y.
template <class DF, int K, class B>
[[gnu::always_inline]] inline void coefficients(const SimdTaylor<B, K>& x, SimdTaylor<B, K>& y, bool line) {
  if constexpr (std::is_invocable_v<DF, const B&, const B&>) {
    unroll<K>([&](auto k) {
      SimdTaylor<B, k> known;
      unroll<k + 1>([&](auto j) { known.c[j] = y.c[j]; });
      const SimdTaylor<B, k> d = as_series<B, k>(first_derivative<DF>(known));
      y.c[k + 1] = integral<k>(x, d, line);
    });
  } else {
    SimdTaylor<B, K - 1> known;
    unroll<K>([&](auto j) { known.c[j] = x.c[j]; });
    const SimdTaylor<B, K - 1> d = as_series<B, K - 1>(first_derivative<DF>(known));
    unroll<K>([&](auto k) { y.c[k + 1] = integral<k>(x, d, line); });
  }
}

// y₁ … y_order over a row, from s = x[0] and x₁ … x_given = x[1], …. A handwritten loop, because an xtensor expression
// has only one value.
template <class T>
using TaylorFunction = void (*)(int64_t n, const Operand<T>* x, int given, T* const* y, int order);
template <class T, class DF, int K>
void taylor_row(int64_t n, const Operand<T>* x, int given, T* const* y, int order) {
  using B = Batch<T>;
  for (size_t i = 0; i < static_cast<size_t>(n); i += B::size) {
    const auto load = [&](int k) { return B::load_unaligned(x[k].data + (i & x[k].mask)); };
    SimdTaylor<B, K> line(load(0)), result(line.c[0]);
    unroll<K>([&](auto k) {
      if (k < given) line.c[k + 1] = load(k + 1);
    });
    coefficients<DF, K>(line, result, given == 1);
    unroll<K>([&](auto k) {
      if (k < order) result.c[k + 1].store_unaligned(y[k] + i);
    });
  }
}

template <class T>
bool taylor(const Tensor& s, const Series& x, TaylorFunction<T> f, Series& y) {
  const int order = x.order();
  int given = 0;
  while (given < order && x.at(given + 1).defined()) ++given;
  for (int k = given + 1; k <= order; ++k)
    if (x.at(k).defined()) return false;
  if (given != 1 && given != order) return false;
  std::vector<Source> sources = {s};
  T* out[Broadcast::max_operands];
  for (int k = 1; k <= given; ++k) sources.emplace_back(x.c[static_cast<size_t>(k)]);
  for (int k = 0; k < order; ++k) {
    y.c.push_back(empty(s.shape(), s.dtype()));
    out[k] = mutable_data<T>(y.c.back());
  }
  each_part<T>(s.shape(), sources, [&](int64_t offset, int64_t n, const auto& operands) {
    T* rows[Broadcast::max_operands];
    for (int k = 0; k < order; ++k) rows[k] = out[k] + offset;
    f(n, operands.data(), given, rows, order);
  });
  return true;
}

}  // namespace detail

/// f's series to an order of at most 4 in one pass, from s, which is x, or y for a df of y. Returns false if it does
/// not apply: either only x's first coefficient or all must be given.
template <class DF>
bool taylor(const Tensor& s, const Series& x, Series& y) {
  return dispatch(s.dtype(), [&](auto t) {
    using T = decltype(t);
    return detail::taylor<T>(s, x, x.order() == 2 ? detail::taylor_row<T, DF, 2> : detail::taylor_row<T, DF, 4>, y);
  });
}

}  // namespace dimwise
