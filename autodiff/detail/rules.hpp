#pragma once
// The four kinds of op records. Included by the .cpp files that define ops.

#include <string>
#include <tuple>

#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/detail/tangents.hpp"
#include "autodiff/kernels/taylor.hpp"
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

template <class... T>
bool recorded(const T&... x) {
  return recording() && (x.tracked() || ...);
}
inline bool recorded(const Series& x) {
  return recording() && std::any_of(x.c.begin(), x.c.end(), [](const Tensor& t) { return t.tracked(); });
}

/// f(x…), all operands broadcast to `shape`, in the memory of an operand that can be donated. `read`: whether rules
/// read the operands.
template <bool two_loops = true, class F, class... X>
Tensor map(const Shape& shape, bool read, F f, const X&... x) {
  const Source sources[] = {x...};  // before one donates its memory
  Tensor y;
  for (const Tensor* t : {&x...})
    if (t->shape() == shape && can_donate(*t, read)) {
      y = donate(*t);
      break;
    }
  if (!y.defined()) y = empty(shape, std::get<0>(std::tie(x...)).dtype());
  evaluate<two_loops>(y, f, sources);
  return y;
}
/// f(x…), all operands broadcast to `full`, summed down to `shape`.
template <class F, class First, class... Rest>
Tensor map_sum(const Shape& full, const Shape& shape, F f, const First& first, const Rest&... rest) {
  Tensor y = empty(shape, first.dtype());
  evaluate_sum(y, full, f, first, rest...);
  return y;
}

/// The series with value y and coefficients g(x_k) for nonzero x_k.
template <class G>
Series each_coefficient(const Tensor& y, const Series& x, G&& g) {
  Series result(y);
  for (int k = 1; k <= x.order(); ++k) result.c.push_back(x.at(k).defined() ? g(x.at(k)) : Tensor());
  return result;
}
/// Σ_j a_j b_{k−j} over the nonzero coefficients.
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
/// Coefficient k + 1 of y from coefficient k of y'.
inline Tensor integral(const Tensor& derivative, int k) {
  return derivative.defined() ? scale(derivative, 1.0 / (k + 1)) : derivative;
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

// g = w ⊙ df(s): the sweep of an elementwise op. It is itself an op, linear in w.
template <class DF>
constexpr Op derivative_record(const char* name) {
  Op op{name};
  op.broadcasts = true;
  op.reads_output = false;
  op.forward = [](std::span<const Tensor> in, const Attributes&) {
    constexpr bool two_loops = std::is_invocable_v<DF, const Tensor&, const Tensor&>;
    return map<two_loops>(in[1].shape(), recorded(in[0], in[1]), times_first<DF>, in[0], in[1]);
  };
  op.vjp = [](const Call& call, const Tensor& v, Cotangents& result) {
    const Tensor &w = call.inputs[0], &s = call.inputs[1];
    if (result.wanted(0)) {
      if (recorded(v, s) || w.shape() == s.shape())
        result.set(0, unbroadcast(apply(call.op, {v, s}), s.shape(), w.shape()));
      else
        result.set(0, map_sum(s.shape(), w.shape(), times_first<DF>, v, s));
    }
    if (!result.wanted(1)) return;
    if (recorded(v, w, s)) {
      const Series d = first_derivative<DF>(Series({s, ones({}, s.dtype())}));
      if (d.at(1).defined()) result.set(1, cotangent_mul(mul(v, w), d.at(1)));
    } else {
      result.set(1, map<false>(s.shape(), true, times_second<DF>, v, w, s));
    }
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y(call.output);
    const int order = max_order(in);
    if (order == 0) return y;
    const Series d = first_derivative<DF>(in[1]);
    for (int k = 1; k <= order; ++k) y.c.push_back(convolve(in[0], d, k, mul));
    return y;
  };
  return op;
}

}  // namespace detail

namespace record {

/// The op, with rules that accept directions of any shape that broadcasts.
constexpr Op broadcasting(Op op) {
  op.broadcasts = true;
  return op;
}

/// The op, with 0-d operands cast to the dtype of the others.
constexpr Op promoting(Op op) {
  op.mixed = MixedDTypes::promoted;
  return op;
}

/// y = f(x) elementwise, with df(x) its derivative, or df(·, y) as a function of y alone.
///
/// f and df are captureless generic lambdas, instantiated for SIMD batches; df also for series of batches (Taylor and
/// second derivatives in one pass over memory) and for Series of tensors (if those are recorded). A df that uses y must
/// be polynomial or rational in y, so that the series can be computed order by order.
template <class F, class DF>
Op elementwise(const char* name, F, DF) {
  constexpr bool uses_y = std::is_invocable_v<DF, const Tensor&, const Tensor&>;
  static const std::string primed = std::string(name) + "'";
  static const Op derivative = detail::derivative_record<DF>(primed.c_str());
  Op op{name};
  op.broadcasts = true;
  op.reads_output = uses_y;
  op.forward = [](std::span<const Tensor> in, const Attributes&) {
    return detail::map(in[0].shape(), !uses_y && detail::recorded(in[0]), F{}, in[0]);
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
    if (order <= 4 && !detail::recorded(x) && taylor<DF>(s, x, y)) return y;
    Series d;
    if constexpr (!uses_y) d = first_derivative<DF>(x.truncated(order - 1));
    for (int k = 0; k < order; ++k) {
      if constexpr (uses_y) d = first_derivative<DF>(y);
      y.c.push_back(detail::integral(detail::derivative_coefficient(x, d, k), k));
    }
    return y;
  };
  return op;
}

/// y = f(a, b) elementwise and broadcast, with the partial derivatives dfa(a, b) or dfa(a, b, y), and dfb likewise.
template <class F, class DFA, class DFB>
constexpr Op elementwise(const char* name, F, DFA, DFB) {
  Op op{name};
  op.reads_output = detail::uses_y<DFA> || detail::uses_y<DFB>;
  op.broadcasts = true;
  op.mixed = MixedDTypes::promoted;
  op.forward = [](std::span<const Tensor> in, const Attributes&) {
    const Shape shape = broadcast("broadcast", in[0].shape(), in[1].shape());
    return detail::map(shape, detail::recorded(in[0], in[1]), F{}, in[0], in[1]);
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const Tensor &a = call.inputs[0], &b = call.inputs[1], &y = call.output;
    const auto rule = [&](size_t i, auto df) {
      using DF = decltype(df);
      if (!result.wanted(i)) return;
      const Shape& shape = call.inputs[i].shape();
      if (detail::recorded(y, w))
        result.set(i, unbroadcast(cotangent_mul(w, detail::partial(df, a, b, y)), y.shape(), shape));
      else if constexpr (detail::uses_y<DF>)
        result.set(i, detail::map_sum(
                          y.shape(), shape,
                          [](auto w, auto a, auto b, auto y) { return cotangent_mul(w, DF{}(a, b, y)); }, w, a, b, y));
      else
        result.set(i,
                   detail::map_sum(
                       y.shape(), shape, [](auto w, auto a, auto b) { return cotangent_mul(w, DF{}(a, b)); }, w, a, b));
    };
    rule(0, DFA{});
    rule(1, DFB{});
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    const Series &a = in[0], &b = in[1];
    const int order = max_order(in);
    Series y(call.output), once_a, once_b;
    // A df without y is expanded once, one with y for each order, from the known coefficients of y.
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
      y.c.push_back(detail::integral(next, k));
    }
    return y;
  };
  return op;
}

/// y = f(x, attributes), linear in x, where adjoint(w, x, attributes) is its transpose applied to w.
template <class A, class F, class Adjoint>
constexpr Op linear(const char* name, F, Adjoint) {
  Op op{name};
  op.reads_output = false;
  op.forward = [](std::span<const Tensor> in, const Attributes& a) { return F{}(in[0], as<A>(a)); };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    result.set(0, Adjoint{}(w, call.inputs[0], as<A>(call.attributes)));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    return detail::each_coefficient(call.output, in[0],
                                    [&](const Tensor& c) { return apply(call.op, {c}, call.attributes); });
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
    for (int k = 1; k <= max_order(in); ++k) y.c.push_back(detail::convolve(in[0], in[1], k, product));
    return y;
  };
  return op;
}

/// Any other op: forward(inputs, attributes), vjp(call, w, cotangents, attributes), and jvp(x, y, dx, attributes),
/// generic over Tensor and Series, for the derivative of y along dx. The jvp is only called with every dx defined
/// (possibly zero).
template <class A, class F, class VJP, class JVP>
constexpr Op general(const char* name, F, VJP, JVP) {
  Op op{name};
  op.forward = [](std::span<const Tensor> in, const Attributes& a) { return F{}(in, as<A>(a)); };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    VJP{}(call, w, result, as<A>(call.attributes));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y(call.output);
    for (int k = 0, order = max_order(in); k < order; ++k) {
      std::vector<Series> x, dx;
      for (const Series& s : in) {
        x.push_back(s.truncated(k));
        dx.push_back(s.truncated(k + 1).derivative());
      }
      y.c.push_back(detail::integral(JVP{}(x, y, dx, as<A>(call.attributes)).at(k), k));
    }
    return y;
  };
  return op;
}

}  // namespace record
}  // namespace dimwise
