#pragma once
// The four kinds of op records. Included by the .cpp files that define ops.

#include <string>
#include <type_traits>

#include "autodiff/basic.hpp"
#include "autodiff/directions.hpp"
#include "autodiff/kernels/evaluate.hpp"
#include "autodiff/kernels/simd_taylor.hpp"
#include "autodiff/op.hpp"

namespace dimwise {

struct NoAttributes {};

template <class A>
const A& as(const Attributes& attributes) {
  if constexpr (std::is_same_v<A, NoAttributes>) {
    static constexpr NoAttributes none{};
    return none;
  } else {
    return *static_cast<const A*>(attributes.get());
  }
}
template <class A>
Attributes attributes(A value) {
  return std::allocate_shared<const A>(PoolAllocator<A>(), std::move(value));
}

namespace detail {

inline bool recorded(const Tensor& a, const Tensor& b) { return recording() && (a.tracked() || b.tracked()); }

/// Σ_j a_j b_{k−j} over the coefficients that are not zero.
template <class Product>
Tensor convolve(const Series& a, const Series& b, int k, Product&& product) {
  Tensor total;
  for (int j = 0; j <= k; ++j)
    if (a.at(j).defined() && b.at(k - j).defined()) accumulate(total, product(a.at(j), b.at(k - j)));
  return total;
}

/// Coefficient k of y' = Σ d·x'.
inline Tensor derivative_coefficient(const Series& x, const Series& d, int k) {
  Tensor total;
  for (int j = 0; j <= k; ++j)
    if (x.at(j + 1).defined() && d.at(k - j).defined()) {
      Tensor term = mul(x.at(j + 1), d.at(k - j));
      accumulate(total, j == 0 ? std::move(term) : scale(term, j + 1));
    }
  return total;
}

template <class DF>
inline constexpr bool uses_y = std::is_invocable_v<DF, const Tensor&, const Tensor&, const Tensor&>;

/// df(a, b) or df(a, b, y).
template <class DF, class X>
auto partial(DF df, const X& a, const X& b, [[maybe_unused]] const X& y) {
  if constexpr (uses_y<DF>)
    return df(a, b, y);
  else
    return df(a, b);
}

// f(in…), all operands broadcast to `full`, summed down to `shape`.
template <class F, class... In>
Tensor zip_to(const Shape& full, const Shape& shape, F f, const Tensor& first, const In&... rest) {
  Tensor y = empty(shape, first.dtype());
  evaluate_sum(y, full, f, first, rest...);
  return y;
}
template <bool two_loops = true, class F, class... In>
Tensor zip(const Shape& shape, F f, const Tensor& first, const In&... rest) {
  Tensor y = empty(shape, first.dtype());
  evaluate<two_loops>(y, f, first, rest...);
  return y;
}

// w·d of a batch of cotangents and one of derivatives, and 0 where w is 0.
template <class B>
[[gnu::always_inline]] inline B chain(const B& w, const std::type_identity_t<B>& d) {
  return xsimd::select(w == B(typename B::value_type(0)), w, w * d);
}

// df at s, which is x, or y for a df of two arguments.
template <class DF, class X>
[[gnu::always_inline]] inline auto slope(const X& s) {
  if constexpr (std::is_invocable_v<DF, const X&, const X&>)
    return DF{}(s, s);
  else
    return DF{}(s);
}

// The derivative of df at s along s + t.
template <class DF, class B>
[[gnu::always_inline]] inline B curvature(const B& s) {
  LaneSeries<B, 1> line(s);
  line.c[1] = B(typename B::value_type(1));
  return as_series<B, 1>(slope<DF>(line)).c[1];
}

// g = w ⊙ df(s): what a sweep makes of an elementwise op, and again an op, linear in w.
template <class DF>
constexpr Op derivative_record(const char* name) {
  Op op{name};
  op.broadcasts = true;
  op.reads_output = false;
  op.forward = [](std::span<const Tensor> in, const Attributes&) {
    const Tensor &w = in[0], &s = in[1];
    const Source from = w;
    Tensor y = w.shape() == s.shape() ? empty_or_reuse(w, recorded(w, s)) : empty(s.shape(), s.dtype());
    evaluate<std::is_invocable_v<DF, const Tensor&, const Tensor&>>(
        y, [](auto a, auto b) { return chain(a, slope<DF>(b)); }, from, s);
    return y;
  };
  op.vjp = [](const Call& call, const Tensor& v, Cotangents& result) {
    const Tensor &w = call.inputs[0], &s = call.inputs[1];
    if (result.wanted(0)) result.set(0, unbroadcast(apply(call.op, {v, s}), s.shape(), w.shape()));
    if (!result.wanted(1)) return;
    if (recorded(v, s) || recorded(w, s)) {
      const Series d = slope<DF>(Series({s, ones({}, s.dtype())}));
      if (d.at(1).defined()) result.set(1, cotangent_mul(mul(v, w), d.at(1)));
    } else {
      result.set(1, zip<false>(
                        s.shape(), [](auto a, auto b, auto c) { return chain(a * b, curvature<DF>(c)); }, v, w, s));
    }
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y(call.output);
    const int order = std::max(in[0].order(), in[1].order());
    if (order == 0) return y;
    const Series d = slope<DF>(in[1]);
    for (int k = 1; k <= order; ++k) y.c.push_back(convolve(in[0], d, k, mul));
    return y;
  };
  return op;
}

// y₁ … y_K of f's series from s, which is x, or y for a df of two arguments, and x₁ … x_K: coefficient by coefficient,
// each from as much of y as is known.
template <class DF, int K, class B>
[[gnu::always_inline]] inline void coefficients(const LaneSeries<B, K>& x, LaneSeries<B, K>& y, bool line) {
  if constexpr (std::is_invocable_v<DF, const B&, const B&>) {
    unroll<K>([&](auto k) {
      LaneSeries<B, k> known;
      unroll<k + 1>([&](auto j) { known.c[j] = y.c[j]; });
      const LaneSeries<B, k> d = as_series<B, k>(slope<DF>(known));
      y.c[k + 1] = integrated<k>(
          x, [&](auto j) __attribute__((always_inline)) { return d.c[j]; }, line);
    });
  } else {
    LaneSeries<B, K - 1> known;
    unroll<K>([&](auto j) { known.c[j] = x.c[j]; });
    const LaneSeries<B, K - 1> d = as_series<B, K - 1>(slope<DF>(known));
    unroll<K>([&](auto k) {
      y.c[k + 1] = integrated<k>(
          x, [&](auto j) __attribute__((always_inline)) { return d.c[j]; }, line);
    });
  }
}

// y₁ … y_order over a row, from s = x[0] and x₁ … x_given = x[1], …. A loop by hand: an xtensor expression has one
// value.
template <class T>
using TaylorFunction = void (*)(int64_t n, const Operand<T>* x, int given, T* const* y, int order);
template <class T, class DF, int K>
void taylor_row(int64_t n, const Operand<T>* x, int given, T* const* y, int order) {
  using B = Batch<T>;
  for (size_t i = 0; i < static_cast<size_t>(n); i += B::size) {
    const auto load = [&](int k) { return B::load_unaligned(x[k].data + (i & x[k].mask)); };
    LaneSeries<B, K> line(load(0)), result(line.c[0]);
    unroll<K>([&](auto k) {
      if (k < given) line.c[k + 1] = load(k + 1);
    });
    coefficients<DF, K>(line, result, given == 1);
    unroll<K>([&](auto k) {
      if (k < order) result.c[k + 1].store_unaligned(y[k] + i);
    });
  }
}

// f's series to an order of at most K in one pass over memory, for a series x whose first coefficient alone, or all,
// are given; false where it does not apply.
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
  each_row<T>(s.shape(), sources, [&](int64_t offset, int64_t n, const auto& operands) {
    T* rows[Broadcast::max_operands];
    for (int k = 0; k < order; ++k) rows[k] = out[k] + offset;
    f(n, operands.data(), given, rows, order);
  });
  return true;
}
template <class DF>
bool taylor(const Tensor& s, const Series& x, Series& y) {
  return dispatch(s.dtype(), [&](auto t) {
    using T = decltype(t);
    return taylor<T>(s, x, x.order() == 2 ? taylor_row<T, DF, 2> : taylor_row<T, DF, 4>, y);
  });
}

inline bool any_recorded(const Series& x) {
  return recording() && std::any_of(x.c.begin(), x.c.end(), [](const Tensor& t) { return t.tracked(); });
}

}  // namespace detail

namespace record {

/// The op, with rules that take directions of any shape that broadcasts.
constexpr Op broadcasting(Op op) {
  op.broadcasts = true;
  return op;
}

/// y = f(x) elementwise, with df(x) its derivative, or df(·, y) as a function of y alone.
///
/// f and df are captureless generic lambdas, instantiated for SIMD batches; df also for series of batches (Taylor and
/// second derivatives in one pass over memory) and for Series of tensors (where those are recorded). A df that uses y
/// is polynomial or rational in y, so that the series can be found order by order.
template <class F, class DF>
Op elementwise(const char* name, F, DF) {
  constexpr bool uses_y = std::is_invocable_v<DF, const Tensor&, const Tensor&>;
  static const std::string primed = std::string(name) + "'";
  static const Op derivative = detail::derivative_record<DF>(primed.c_str());
  Op op{name};
  op.broadcasts = true;
  op.reads_output = uses_y;
  op.forward = [](std::span<const Tensor> in, const Attributes&) {
    const Source x = in[0];
    Tensor y = empty_or_reuse(in[0], !uses_y && detail::recorded(in[0], in[0]));
    evaluate(y, F{}, x);
    return y;
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    result.set(0, apply(derivative, {result.take(w), Tensor(uses_y ? call.output : call.inputs[0])}));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    const Series& x = in[0];
    const int order = x.order();
    const Tensor& s = uses_y ? call.output : x.value();
    Series y(call.output);
    if (order == 0) return y;
    if (order == 1) {
      y.c.push_back(x.at(1).defined() ? apply(derivative, {x.at(1), s}) : Tensor());
      return y;
    }
    if (order <= 4 && !detail::any_recorded(x) && detail::taylor<DF>(s, x, y)) return y;
    Series d;
    if constexpr (!uses_y) d = detail::slope<DF>(x.truncated(order - 1));
    for (int k = 0; k < order; ++k) {
      if constexpr (uses_y) d = detail::slope<DF>(y);
      const Tensor next = detail::derivative_coefficient(x, d, k);
      y.c.push_back(next.defined() && k > 0 ? scale(next, 1.0 / (k + 1)) : next);
    }
    return y;
  };
  return op;
}

/// y = f(a, b) elementwise and broadcast, with dfa(a, b) or dfa(a, b, y) and dfb alike its partial derivatives.
template <class F, class DFA, class DFB>
constexpr Op elementwise(const char* name, F, DFA, DFB) {
  Op op{name};
  op.reads_output = detail::uses_y<DFA> || detail::uses_y<DFB>;
  op.broadcasts = true;
  op.forward = [](std::span<const Tensor> in, const Attributes&) {
    const Tensor &a = in[0], &b = in[1];
    const Shape shape = broadcast("broadcast", a.shape(), b.shape());
    return detail::zip(shape, F{}, a, b);
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const Tensor &a = call.inputs[0], &b = call.inputs[1], &y = call.output;
    const auto rule = [&](size_t i, auto df) {
      if (!result.wanted(i)) return;
      const Shape& shape = call.inputs[i].shape();
      if (detail::recorded(y, w))
        result.set(i, unbroadcast(cotangent_mul(w, detail::partial(df, a, b, y)), y.shape(), shape));
      else if constexpr (detail::uses_y<decltype(df)>)
        result.set(i, detail::zip_to(
                          y.shape(), shape,
                          [](auto w, auto a, auto b, auto y) { return detail::chain(w, decltype(df){}(a, b, y)); }, w,
                          a, b, y));
      else
        result.set(i, detail::zip_to(
                          y.shape(), shape,
                          [](auto w, auto a, auto b) { return detail::chain(w, decltype(df){}(a, b)); }, w, a, b));
    };
    rule(0, DFA{});
    rule(1, DFB{});
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    const Series &a = in[0], &b = in[1];
    const int order = std::max(a.order(), b.order());
    Series y(call.output), once_a, once_b;
    // A df without y is expanded once, one with y for each order, as far as y is known.
    const auto expand = [&](auto df, Series& once, int k) -> Series {
      if constexpr (detail::uses_y<decltype(df)>) {
        return df(a.truncated(k), b.truncated(k), y);
      } else {
        if (once.c.empty()) once = df(a.truncated(order - 1), b.truncated(order - 1));
        return once;
      }
    };
    for (int k = 0; k < order; ++k) {
      Tensor next;
      if (a.order() > 0) next = detail::derivative_coefficient(a, expand(DFA{}, once_a, k), k);
      if (b.order() > 0)
        if (Tensor other = detail::derivative_coefficient(b, expand(DFB{}, once_b, k), k); other.defined())
          accumulate(next, std::move(other));
      y.c.push_back(next.defined() ? scale(next, 1.0 / (k + 1)) : Tensor());
    }
    return y;
  };
  return op;
}

/// y = f(x, attributes), linear in x, with adjoint(w, x, attributes) its transpose applied to w.
template <class A, class F, class Adjoint>
constexpr Op linear(const char* name, F, Adjoint) {
  Op op{name};
  op.reads_output = false;
  op.forward = [](std::span<const Tensor> in, const Attributes& a) { return F{}(in[0], as<A>(a)); };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    result.set(0, Adjoint{}(w, call.inputs[0], as<A>(call.attributes)));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y(call.output);
    for (int k = 1; k <= in[0].order(); ++k)
      y.c.push_back(in[0].at(k).defined() ? apply(call.op, {in[0].at(k)}, call.attributes) : Tensor());
    return y;
  };
  return op;
}

/// y = f(a, b, attributes), linear in each, with an adjoint(w, a, b, attributes) for each side.
template <class A, class F, class AdjointA, class AdjointB>
constexpr Op bilinear(const char* name, F, AdjointA, AdjointB) {
  Op op{name};
  op.reads_output = false;
  op.forward = [](std::span<const Tensor> in, const Attributes& a) { return F{}(in[0], in[1], as<A>(a)); };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const A& a = as<A>(call.attributes);
    if (result.wanted(0)) result.set(0, AdjointA{}(w, call.inputs[0], call.inputs[1], a));
    if (result.wanted(1)) result.set(1, AdjointB{}(w, call.inputs[0], call.inputs[1], a));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y(call.output);
    const auto product = [&](const Tensor& a, const Tensor& b) { return apply(call.op, {a, b}, call.attributes); };
    for (int k = 1; k <= std::max(in[0].order(), in[1].order()); ++k)
      y.c.push_back(detail::convolve(in[0], in[1], k, product));
    return y;
  };
  return op;
}

/// Anything else: forward(inputs, attributes), vjp(call, w, cotangents, attributes), and jvp(x, y, dx, attributes),
/// generic over Tensor and Series, for the derivative of y along dx. The jvp is only called where every dx is defined
/// (possibly zero).
template <class A, class F, class VJP, class JVP>
constexpr Op general(const char* name, F, VJP, JVP) {
  Op op{name};
  op.forward = [](std::span<const Tensor> in, const Attributes& a) { return F{}(in, as<A>(a)); };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    VJP{}(call, w, result, as<A>(call.attributes));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    int order = 0;
    for (const Series& s : in) order = std::max(order, s.order());
    Series y(call.output);
    for (int k = 0; k < order; ++k) {
      std::vector<Series> x, dx;
      for (const Series& s : in) {
        x.push_back(s.truncated(k));
        dx.push_back(s.truncated(k + 1).derivative());
      }
      const Series dy = JVP{}(x, y, dx, as<A>(call.attributes));
      const Tensor next = dy.at(k);
      y.c.push_back(next.defined() ? scale(next, 1.0 / (k + 1)) : Tensor());
    }
    return y;
  };
  return op;
}

}  // namespace record
}  // namespace dimwise
