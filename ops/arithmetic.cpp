#include "ops/arithmetic.hpp"

#include "autodiff/base/error.hpp"
#include "autodiff/detail/rules.hpp"
#include "ops/detail/all_ops.hpp"
#include "ops/detail/series.hpp"
#include "ops/detail/simd_functions.hpp"
#include "ops/elementwise.hpp"

namespace dimwise {

namespace {

const Op sub_op = [] {
  Op op{"sub"};
  op.reads_output = false;
  op.forward = [](std::span<const Tensor> in, const Attributes&) {
    const Shape shape = broadcast("sub", in[0].shape(), in[1].shape());
    return detail::map(
        shape, false, [](auto a, auto b) { return a - b; }, in[0], in[1]);
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const Shape& full = call.output.shape();
    if (result.wanted(0)) result.set(0, unbroadcast(w, full, call.inputs[0].shape()));
    if (result.wanted(1)) result.set(1, neg(unbroadcast(w, full, call.inputs[1].shape())));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y(call.output);
    for (int k = 1; k <= max_order(in); ++k) {
      const Tensor a = in[0].at(k), b = in[1].at(k);
      Tensor c;
      if (a.defined() && b.defined())
        c = sub(a, b);
      else if (a.defined())
        c = a;
      else if (b.defined())
        c = neg(b);
      y.c.push_back(std::move(c));
    }
    return y;
  };
  op.broadcasts = true;
  op.mixed = MixedDTypes::promoted;
  return op;
}();

const Op div_op = [] {
  Op op = record::elementwise(
      "div", [](auto a, auto b) { return a / b; }, [](auto, auto b) { return 1.0f / b; },
      [](auto, auto b, auto y) { return simd::negative(y) / b; });
  // y_k = (a_k − Σ_{j<k} y_j b_{k−j}) / b_0. With df, which itself divides, the cost would be exponential in k.
  op.jet = [](const Call& call, std::span<const Series> in) {
    const Series &a = in[0], &b = in[1];
    Series y(call.output);
    for (int k = 1; k <= std::max(a.order(), b.order()); ++k) {
      Tensor c;
      for (int j = 0; j < k; ++j)
        if (y.at(j).defined() && b.at(k - j).defined()) accumulate(c, mul(y.at(j), b.at(k - j)));
      if (a.at(k).defined())
        c = c.defined() ? sub(a.at(k), c) : a.at(k);
      else if (c.defined())
        c = neg(c);
      y.c.push_back(c.defined() ? div(c, b.value()) : Tensor());
    }
    return y;
  };
  return op;
}();

}  // namespace

// The rules below are written once for SIMD batches, tensors and series.
namespace simd {
static Tensor pow(const Tensor& a, const Tensor& b) { return dimwise::pow(a, b); }
static Series pow(const Series& a, const Series& b) { return dimwise::pow(a, b); }
static Tensor log(const Tensor& a) { return dimwise::log(a); }
static Series log(const Series& a) { return dimwise::log(a); }
static Tensor nonzero(const Tensor& a) { return not_equal(a, scalar(0, a.dtype())); }
static Tensor nonzero(const Series& a) { return nonzero(a.value()); }
}  // namespace simd

namespace {

const Op pow_op = record::elementwise(
    "pow", [](auto a, auto b) { return simd::pow(a, b); },
    // At b = 0 the value is 0 even where a⁻¹ is not finite; elsewhere a stays, because ∂²/∂a∂b is a⁻¹.
    [](auto a, auto b) {
      const auto base = where(a > 2e-38f, where(a < 3e38f, a, 1.0), 1.0);
      return b * simd::pow(where(simd::nonzero(b), a, base), b - 1.0f);
    },
    [](auto a, auto, auto y) {
      return where(a > 0.0f, y * simd::log(where(a > 0.0f, a, 1.0)), where(a < 0.0f, 0.0, a * 0.0f));
    });

// a if it is larger, or NaN.
const Op maximum_op = record::elementwise(
    "maximum", [](auto a, auto b) { return where(a >= b, a, where(a == a, b, a)); },
    [](auto a, auto b) { return where(a >= b, where(b >= a, 0.5, 1.0), 0.0); },
    [](auto a, auto b) { return where(b >= a, where(a >= b, 0.5, 1.0), 0.0); });
const Op minimum_op = record::elementwise(
    "minimum", [](auto a, auto b) { return where(a <= b, a, where(a == a, b, a)); },
    [](auto a, auto b) { return where(a <= b, where(b <= a, 0.5, 1.0), 0.0); },
    [](auto a, auto b) { return where(b <= a, where(a <= b, 0.5, 1.0), 0.0); });

struct Condition {
  Tensor condition;  // of the result's shape, like both branches
};

Tensor select(const Tensor& condition, const Tensor& a, const Tensor& b);

const Op where_op = [] {
  Op op{"where"};
  op.forward = [](std::span<const Tensor> in, const Attributes& attributes) {
    const Tensor& c = as<Condition>(attributes).condition;
    return detail::map(
        c.shape(), true, [](auto k, auto a, auto b) { return where(k == decltype(k)(0), b, a); }, c, in[0], in[1]);
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const Tensor& c = as<Condition>(call.attributes).condition;
    if (result.wanted(0)) result.set(0, select(c, w, zeros_like(w)));
    if (result.wanted(1)) result.set(1, select(c, zeros_like(w), w));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y(call.output);
    for (int k = 1; k <= max_order(in); ++k) {
      const Tensor a = in[0].at(k), b = in[1].at(k);
      if (a.defined() || b.defined())
        y.c.push_back(select(as<Condition>(call.attributes).condition, a.defined() ? a : zeros_like(b),
                             b.defined() ? b : zeros_like(a)));
      else
        y.c.emplace_back();
    }
    return y;
  };
  return op;
}();

Tensor select(const Tensor& condition, const Tensor& a, const Tensor& b) {
  return apply(where_op, {a, b}, attributes(Condition{condition}));
}

// The record's check would not name the op.
Tensor binary(const Op& op, Tensor a, Tensor b) {
  if (a.defined() && b.defined()) broadcast(op.name, a.shape(), b.shape());
  return apply(op, {std::move(a), std::move(b)});
}

template <class Compare>
Tensor compare(const char* name, const Tensor& a, const Tensor& b, Compare) {
  Tensor in[] = {a, b};
  promote_inputs(name, in);
  return detail::map(
      broadcast(name, in[0].shape(), in[1].shape()), true,
      [](auto p, auto q) { return where(Compare{}(p, q), 1.0, 0.0); }, in[0], in[1]);
}

}  // namespace

Tensor sub(Tensor a, Tensor b) { return apply(sub_op, {std::move(a), std::move(b)}); }
Tensor div(Tensor a, Tensor b) { return binary(div_op, std::move(a), std::move(b)); }
Tensor pow(Tensor a, Tensor b) { return binary(pow_op, std::move(a), std::move(b)); }
Tensor pow(const Tensor& a, double b) { return pow(a, scalar(b, a.dtype())); }
Tensor maximum(Tensor a, Tensor b) { return binary(maximum_op, std::move(a), std::move(b)); }
Tensor minimum(Tensor a, Tensor b) { return binary(minimum_op, std::move(a), std::move(b)); }
Tensor clip(const Tensor& x, double low, double high) {
  if (!(low <= high)) fail<ValueError>("clip", "low = ", low, " is above high = ", high, ". Swap them.");
  return where(x < low, low, where(x > high, high, x));
}

Tensor greater(const Tensor& a, const Tensor& b) {
  return compare("greater", a, b, [](auto p, auto q) { return p > q; });
}
Tensor greater_equal(const Tensor& a, const Tensor& b) {
  return compare("greater_equal", a, b, [](auto p, auto q) { return p >= q; });
}
Tensor less(const Tensor& a, const Tensor& b) {
  return compare("less", a, b, [](auto p, auto q) { return p < q; });
}
Tensor less_equal(const Tensor& a, const Tensor& b) {
  return compare("less_equal", a, b, [](auto p, auto q) { return p <= q; });
}
Tensor equal(const Tensor& a, const Tensor& b) {
  return compare("equal", a, b, [](auto p, auto q) { return p == q; });
}
Tensor not_equal(const Tensor& a, const Tensor& b) {
  return compare("not_equal", a, b, [](auto p, auto q) { return simd::unequal(p, q); });
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  Tensor in[] = {a, b, condition};
  promote_inputs("where", in);
  const Shape shape = broadcast("where", condition.shape(), broadcast("where", a.shape(), b.shape()));
  return select(stop_gradient(broadcast_to(in[2], shape)), broadcast_to(in[0], shape), broadcast_to(in[1], shape));
}
Tensor where(const Tensor& condition, const Tensor& a, double b) { return where(condition, a, scalar(b, a.dtype())); }
Tensor where(const Tensor& condition, double a, const Tensor& b) { return where(condition, scalar(a, b.dtype()), b); }
Tensor where(const Tensor& condition, double a, double b) {
  return where(condition, scalar(a, condition.dtype()), scalar(b, condition.dtype()));
}

Series operator-(const Series& x) { return apply_series(neg_op, {x}); }
Series operator+(const Series& a, const Series& b) { return apply_series(add_op, {a, b}); }
Series operator-(const Series& a, const Series& b) { return apply_series(sub_op, {a, b}); }
Series operator*(const Series& a, const Series& b) { return apply_series(mul_op, {a, b}); }
Series operator/(const Series& a, const Series& b) { return apply_series(div_op, {a, b}); }
namespace {
Series like(const Series& x, double value) { return scalar(value, x.value().dtype()); }
}  // namespace
Series operator+(const Series& a, double b) { return a + like(a, b); }
Series operator-(const Series& a, double b) { return a - like(a, b); }
Series operator*(const Series& a, double b) { return a * like(a, b); }
Series operator/(const Series& a, double b) { return a * like(a, 1 / b); }
Series operator+(double a, const Series& b) { return like(b, a) + b; }
Series operator-(double a, const Series& b) { return like(b, a) - b; }
Series operator*(double a, const Series& b) { return like(b, a) * b; }
Series operator/(double a, const Series& b) { return like(b, a) / b; }
Tensor operator>(const Series& a, double b) { return a.value() > b; }
Tensor operator<(const Series& a, double b) { return a.value() < b; }
Tensor operator>=(const Series& a, const Series& b) { return a.value() >= b.value(); }
Tensor operator<=(const Series& a, const Series& b) { return a.value() <= b.value(); }
Series pow(const Series& a, const Series& b) { return apply_series(pow_op, {a, b}); }
Series where(const Tensor& condition, const Series& a, const Series& b) {
  Series y;
  for (int k = 0; k <= std::max(a.order(), b.order()); ++k) {
    const Tensor p = a.at(k), q = b.at(k);
    y.c.push_back(p.defined() || q.defined()
                      ? where(condition, p.defined() ? p : zeros_like(q), q.defined() ? q : zeros_like(p))
                      : Tensor());
  }
  return y;
}
Series where(const Tensor& condition, const Series& a, double b) { return where(condition, a, like(a, b)); }
Series where(const Tensor& condition, double a, const Series& b) { return where(condition, like(b, a), b); }
Series sum_to(const Series& x, const Shape& shape) { return apply_series(sum_to_op, {x}, attributes(shape)); }
Series broadcast_to(const Series& x, const Shape& shape) {
  return apply_series(broadcast_to_op, {x}, attributes(shape));
}

std::vector<const Op*> arithmetic_ops() {
  return {&alias_op,   &neg_op,     &add_op,   &sub_op,          &mul_op,    &div_op,    &pow_op,
          &maximum_op, &minimum_op, &where_op, &broadcast_to_op, &sum_to_op, &reshape_op};
}

}  // namespace dimwise
