#pragma once
// The four kinds of op records. Included by the .cpp files that define ops.

#include <type_traits>

#include "autodiff/basic.hpp"
#include "autodiff/loops.hpp"
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

}  // namespace detail

namespace record {

/// y = f(x) elementwise, with df(x) or df(x, y) its derivative.
///
/// f and df are captureless generic lambdas, instantiated for SIMD batches; df also for Tensor (recorded sweep) and for
/// Series (Taylor). A df that uses y is polynomial or rational in y, so that the series can be found order by order.
template <class F, class DF>
constexpr Op elementwise(const char* name, F, DF) {
  constexpr bool uses_y = std::is_invocable_v<DF, const Tensor&, const Tensor&>;
  Op op{name, Kind::elementwise, nullptr, nullptr, nullptr};
  op.forward = [](std::span<const Tensor> in, const Attributes&) {
    Tensor y = empty(in[0].shape(), in[0].dtype());
    dispatch(y.dtype(), [&](auto t) {
      using T = decltype(t);
      loops::map(y.size(), mutable_data<T>(y), F{}, in[0].node()->data<T>());
    });
    return y;
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const Tensor &x = call.inputs[0], &y = call.output;
    if (detail::recorded(x, w)) {
      if constexpr (uses_y)
        result.set(0, mul(w, DF{}(x, y)));
      else
        result.set(0, mul(w, DF{}(x)));
      return;
    }
    Tensor g = empty(x.shape(), x.dtype());
    dispatch(g.dtype(), [&](auto t) {
      using T = decltype(t);
      const auto fused = [](auto w, auto x, auto y) {
        if constexpr (uses_y)
          return w * DF{}(x, y);
        else
          return w * DF{}(x);
      };
      loops::map(g.size(), mutable_data<T>(g), fused, w.node()->data<T>(), x.node()->data<T>(), y.node()->data<T>());
    });
    result.set(0, std::move(g));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    const Series& x = in[0];
    const int order = x.order();
    Series y(call.output);
    if constexpr (uses_y) {
      for (int k = 0; k < order; ++k) {
        const Series d = DF{}(x.truncated(k), y);
        const Tensor next = detail::derivative_coefficient(x, d, k);
        y.c.push_back(next.defined() && k > 0 ? scale(next, 1.0 / (k + 1)) : next);
      }
    } else if (order > 0) {
      const Series d = DF{}(x.truncated(order - 1));
      for (int k = 0; k < order; ++k) {
        const Tensor next = detail::derivative_coefficient(x, d, k);
        y.c.push_back(next.defined() && k > 0 ? scale(next, 1.0 / (k + 1)) : next);
      }
    }
    return y;
  };
  return op;
}

/// y = f(a, b) elementwise and broadcast, with dfa(a, b) or dfa(a, b, y) and dfb alike its partial derivatives.
template <class F, class DFA, class DFB>
constexpr Op elementwise(const char* name, F, DFA, DFB) {
  Op op{name, Kind::elementwise, nullptr, nullptr, nullptr};
  op.forward = [](std::span<const Tensor> in, const Attributes&) {
    const Tensor &a = in[0], &b = in[1];
    Tensor y = empty(broadcast("broadcast", a.shape(), b.shape()), a.dtype());
    const loops::Broadcast plan(y.shape(), a.shape(), b.shape());
    dispatch(y.dtype(), [&](auto t) {
      using T = decltype(t);
      loops::zip(plan, mutable_data<T>(y), F{}, a.node()->data<T>(), b.node()->data<T>());
    });
    return y;
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const Tensor &a = call.inputs[0], &b = call.inputs[1], &y = call.output;
    const auto rule = [&](size_t i, auto df) {
      if (!result.wanted(i)) return;
      Tensor g;
      if (detail::recorded(y, w)) {
        g = mul(w, detail::partial(df, a, b, y));
      } else {
        g = empty(y.shape(), y.dtype());
        const loops::Broadcast plan(y.shape(), a.shape(), b.shape());
        dispatch(y.dtype(), [&](auto t) {
          using T = decltype(t);
          loops::zip(
              plan, mutable_data<T>(g),
              [](auto a, auto b, auto y, auto w) { return w * detail::partial(decltype(df){}, a, b, y); },
              a.node()->data<T>(), b.node()->data<T>(), y.node()->data<T>(), w.node()->data<T>());
        });
      }
      result.set(i, sum_to(g, call.inputs[i].shape()));
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
      if (next.defined()) next = broadcast_to(scale(next, 1.0 / (k + 1)), call.output.shape());
      y.c.push_back(std::move(next));
    }
    return y;
  };
  return op;
}

/// y = f(x, attributes), linear in x, with adjoint(w, x, attributes) its transpose applied to w.
template <class A, class F, class Adjoint>
constexpr Op linear(const char* name, F, Adjoint) {
  Op op{name, Kind::linear, nullptr, nullptr, nullptr};
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
  Op op{name, Kind::bilinear, nullptr, nullptr, nullptr};
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
  Op op{name, Kind::general, nullptr, nullptr, nullptr};
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
