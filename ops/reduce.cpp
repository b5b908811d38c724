#include "ops/reduce.hpp"

#include <cmath>
#include <limits>

#include "autodiff/error.hpp"
#include "autodiff/record.hpp"
#include "ops/all_ops.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/series.hpp"

namespace dimwise {

namespace {

// The shape with the named axes of length 1, or without them.
Shape reduced(const char* op, const Shape& shape, const Axes& axes, bool keep) {
  bool named[Shape::max_rank] = {};
  for (const int64_t axis : axes) {
    const int i = shape.normalize(static_cast<int>(axis));
    if (named[i]) fail<ShapeError>(op, "axis ", axis, " is named twice in ", axes, ".");
    named[i] = true;
  }
  Shape result;
  for (int i = 0; i < shape.rank(); ++i)
    if (!named[i])
      result.push_back(shape[i]);
    else if (keep)
      result.push_back(1);
  return result;
}

Axes every(const Tensor& x) {
  Axes axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  return axes;
}

// Where the largest elements are, 1/ties each: what the derivative is carried by.
Tensor share_of(const Tensor& x, const Tensor& y) {
  const Tensor mask = equal(stop_gradient(x), stop_gradient(broadcast_to(y, x.shape())));
  return mask / sum_to(mask, y.shape());
}

const Op max_op = record::general<Shape>(
    "max",
    [](std::span<const Tensor> in, const Shape& kept) {
      Tensor y = empty(kept, in[0].dtype());
      evaluate_max(y, in[0]);
      return y;
    },
    [](const Call& call, const Tensor& w, Cotangents& result, const Shape&) {
      result.set(0, mul(w, share_of(call.inputs[0], call.output)));
    },
    [](const std::vector<Series>& x, const Series& y, const std::vector<Series>& dx, const Shape& kept) {
      return sum_to(Series(share_of(x[0].value(), y.value())) * dx[0], kept);
    });

struct Cumulate {
  int axis;
  bool reverse;
};

const Op cumsum_op = record::linear<Cumulate>(
    "cumsum",
    [](const Tensor& x, const Cumulate& a) {
      Tensor y = empty(x.shape(), x.dtype());
      const int64_t outer = x.shape().outer(a.axis), n = x.shape()[a.axis], inner = x.shape().inner(a.axis);
      dispatch(x.dtype(), [&](auto t) {
        using T = decltype(t);
        const T* in = x.node()->data<T>();
        T* out = mutable_data<T>(y);
        for (int64_t o = 0; o < outer; ++o)
          for (int64_t k = 0; k < n; ++k) {
            const int64_t at = (o * n + (a.reverse ? n - 1 - k : k)) * inner,
                          before = at + (a.reverse ? inner : -inner);
            for (int64_t j = 0; j < inner; ++j) out[at + j] = in[at + j] + (k ? out[before + j] : T(0));
          }
      });
      return y;
    },
    [](const Tensor& w, const Tensor&, const Cumulate& a) { return cumsum(w, a.axis, !a.reverse); });

Tensor finite_max(const Tensor& x, const Axes& axes) {
  const Tensor m = stop_gradient(max(stop_gradient(x), axes, true));
  return where(less(abs(m), scalar(std::numeric_limits<double>::infinity(), m.dtype())), m, 0.0);
}

}  // namespace

Tensor sum(const Tensor& x) { return sum_to(x, {}); }
Tensor sum(const Tensor& x, const Axes& axes, bool keep) {
  const Tensor kept = sum_to(x, reduced("sum", x.shape(), axes, true));
  return keep ? kept : reshape(kept, reduced("sum", x.shape(), axes, false));
}

Tensor mean(const Tensor& x) { return mean(x, every(x)); }
Tensor mean(const Tensor& x, const Axes& axes, bool keep) {
  const Tensor total = sum(x, axes, keep);
  if (x.size() == 0) fail<ShapeError>("mean", "shape ", x.shape(), " has no elements to average.");
  return total * (static_cast<double>(total.size()) / static_cast<double>(x.size()));
}

Tensor max(const Tensor& x) { return max(x, every(x)); }
Tensor max(const Tensor& x, const Axes& axes, bool keep) {
  const Shape kept = reduced("max", x.shape(), axes, true);
  if (x.size() == 0 && kept.size() > 0)
    fail<ShapeError>("max", "shape ", x.shape(), " has no elements along axes ", axes, ".");
  const Tensor y = kept == x.shape() ? x : apply(max_op, {x}, attributes(kept));
  return keep ? y : reshape(y, reduced("max", x.shape(), axes, false));
}

Tensor min(const Tensor& x) { return neg(max(neg(x))); }
Tensor min(const Tensor& x, const Axes& axes, bool keep) { return neg(max(neg(x), axes, keep)); }

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keep) {
  const Tensor m = finite_max(x, axes), s = sum(exp(x - m), axes, true);
  const Tensor some = s > 0.0;
  const Tensor y = m + where(some, log(where(some, s, 1.0)), -std::numeric_limits<double>::infinity());
  return keep ? y : reshape(y, reduced("logsumexp", x.shape(), axes, false));
}

Tensor softmax(const Tensor& x, int axis) {
  const Tensor e = exp(x - finite_max(x, {axis}));
  return e / sum(e, {axis}, true);
}

Tensor log_softmax(const Tensor& x, int axis) {
  const Tensor centred = x - finite_max(x, {axis});
  return centred - log(sum(exp(centred), {axis}, true));
}

Tensor norm(const Tensor& x, const Axes& axes, bool keep) { return sqrt(sum(square(x), axes, keep)); }

Tensor cumsum(const Tensor& x, int axis, bool reverse) {
  return apply(cumsum_op, {x}, attributes(Cumulate{x.shape().normalize(axis), reverse}));
}

std::vector<const Op*> reduce_ops() { return {&max_op, &cumsum_op}; }

}  // namespace dimwise
