#include "ops/reduce.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "autodiff/base/error.hpp"
#include "autodiff/detail/rules.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/all_ops.hpp"
#include "ops/detail/series.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"

namespace dimwise {

namespace {

// The shape with the given axes of length 1, or without them.
Shape reduced(const char* op, const Shape& shape, const Axes& axes, bool keepdims) {
  bool named[Shape::max_rank] = {};
  for (const int64_t axis : axes) {
    const int i = shape.normalize(static_cast<int>(axis));
    if (named[i]) fail<ShapeError>(op, "axis ", axis, " occurs twice in ", axes, ".");
    named[i] = true;
  }
  Shape result;
  for (int i = 0; i < shape.rank(); ++i)
    if (!named[i])
      result.push_back(shape[i]);
    else if (keepdims)
      result.push_back(1);
  return result;
}

Axes every(const Tensor& x) {
  Axes axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  return axes;
}

// 1 / (number of ties) at the largest elements, 0 elsewhere: the factor of the derivative.
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

// The sum before each element, plus the sum after it, of W columns that are `inner` long rows apart: two loops, because
// an element needs its neighbor's sum. In float64, because axes may be long. `before` has room for n W numbers.
template <int W, class T>
void add_others(const T* __restrict x, T* __restrict y, int64_t n, int64_t inner, double* __restrict before) {
  double sum[W] = {};
  for (int64_t i = 0; i < n; ++i)
    for (int j = 0; j < W; ++j) {
      before[i * W + j] = sum[j];
      sum[j] += static_cast<double>(x[i * inner + j]);
    }
  double after[W] = {};
  for (int64_t i = n - 1; i >= 0; --i)
    for (int j = 0; j < W; ++j) {
      y[i * inner + j] = static_cast<T>(before[i * W + j] + after[j]);
      after[j] += static_cast<double>(x[i * inner + j]);
    }
}
template <class T>
void add_others(const T* x, T* y, const Shape& shape, int axis) {
  constexpr int some = 16;  // a fixed number of columns, which the compiler makes SIMD of
  const int64_t outer = shape.outer(axis), n = shape[axis], inner = shape.inner(axis);
  std::vector<double> before(static_cast<size_t>(n * some));
  for (int64_t o = 0; o < outer; ++o, x += n * inner, y += n * inner) {
    int64_t j = 0;
    for (; j + some <= inner; j += some) add_others<some>(x + j, y + j, n, inner, before.data());
    for (; j < inner; ++j) add_others<1>(x + j, y + j, n, inner, before.data());
  }
}

// Its matrix is symmetric.
const Op sum_of_others_op = record::linear<int>(
    "sum_of_others",
    [](const Tensor& x, const int& axis) {
      Tensor y = empty(x.shape(), x.dtype());
      dispatch(x.dtype(), [&](auto t) {
        using T = decltype(t);
        add_others(x.node()->data<T>(), mutable_data<T>(y), x.shape(), axis);
      });
      return y;
    },
    [](const Tensor& w, const Tensor&, const int& axis) { return sum_of_others(w, axis); });

// y_k = b_k + a_k y_{k−1} along an axis, or from its end: cumsum, cumprod and their derivatives.
struct Recurrence {
  int axis;
  bool reverse;
};
Tensor recurrence(const Tensor& a, const Tensor& b, const Recurrence& r);

// The elements with a predecessor in the recurrence's direction, those with a successor, and the inverse with 0 at the
// start.
Tensor with_previous(const Tensor& x, const Recurrence& r) {
  const int64_t n = x.shape()[r.axis];
  return r.reverse ? slice(x, r.axis, 0, n - 1) : slice(x, r.axis, 1, n);
}
Tensor with_next(const Tensor& x, const Recurrence& r) { return with_previous(x, {r.axis, !r.reverse}); }
Tensor from_start(const Tensor& x, const Recurrence& r) {
  return r.reverse ? pad(x, r.axis, 0, 1) : pad(x, r.axis, 1, 0);
}

// x shifted by one in the recurrence's direction, with 0 at the start.
Tensor previous(const Tensor& x, const Recurrence& r) {
  return x.shape()[r.axis] == 0 ? x : from_start(with_next(x, r), r);
}
// a_k y_{k−1}, and 0 at the start, even if a is not finite there.
Tensor times_previous(const Tensor& a, const Tensor& y, const Recurrence& r) {
  return y.shape()[r.axis] == 0 ? y : from_start(with_previous(a, r) * with_next(y, r), r);
}

// A handwritten loop, because each element needs the previous one. In float64, because cumsum adds up long axes.
template <class T>
void recur(const T* a, const T* b, T* y, const Shape& shape, const Recurrence& r) {
  const int64_t outer = shape.outer(r.axis), n = shape[r.axis], inner = shape.inner(r.axis);
  std::vector<double> last(static_cast<size_t>(inner));
  for (int64_t o = 0; o < outer; ++o) {
    std::fill(last.begin(), last.end(), 0.0);
    for (int64_t k = 0; k < n; ++k) {
      const int64_t at = (o * n + (r.reverse ? n - 1 - k : k)) * inner;
      for (int64_t j = 0; j < inner; ++j) {
        double& value = last[static_cast<size_t>(j)];
        const auto added = static_cast<double>(b[at + j]);
        value = k > 0 ? added + static_cast<double>(a[at + j]) * value : added;
        y[at + j] = static_cast<T>(value);
      }
    }
  }
}

const Op recurrence_op = [] {
  Op op{"recurrence"};
  op.forward = [](std::span<const Tensor> in, const Attributes& attributes) {
    Tensor y = empty(in[1].shape(), in[1].dtype());
    dispatch(y.dtype(), [&](auto t) {
      using T = decltype(t);
      recur(in[0].node()->data<T>(), in[1].node()->data<T>(), mutable_data<T>(y), y.shape(),
            as<Recurrence>(attributes));
    });
    return y;
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const auto& r = as<Recurrence>(call.attributes);
    // λ_k = w_k + a_{k+1} λ_{k+1}.
    const Recurrence back{r.axis, !r.reverse};
    const Tensor lambda = recurrence(previous(call.inputs[0], back), w, back);
    if (result.wanted(0)) result.set(0, times_previous(lambda, call.output, r));
    if (result.wanted(1)) result.set(1, lambda);
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    const auto& r = as<Recurrence>(call.attributes);
    Series y(call.output);
    for (int k = 1; k <= max_order(in); ++k) {
      Tensor b = in[1].at(k);
      for (int j = 1; j <= k; ++j)
        if (in[0].at(j).defined() && y.at(k - j).defined()) accumulate(b, times_previous(in[0].at(j), y.at(k - j), r));
      y.c.push_back(b.defined() ? recurrence(in[0].value(), b, r) : Tensor());
    }
    return y;
  };
  return op;
}();

Tensor recurrence(const Tensor& a, const Tensor& b, const Recurrence& r) {
  return apply(recurrence_op, {a, b}, attributes(r));
}

void check_elements(const char* op, const Tensor& x, const Axes& axes) {
  if (x.size() == 0 && reduced(op, x.shape(), axes, true).size() > 0)
    fail<ShapeError>(op, "shape ", x.shape(), " has no elements along axes ", axes, ".");
}

constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor constant_max(const char* op, const Tensor& x, const Axes& axes) {
  check_elements(op, x, axes);
  return stop_gradient(max(stop_gradient(x), axes, true));
}

// The largest element along the axes if it is finite, otherwise 0: the shift of exponents.
Tensor finite_max(const char* op, const Tensor& x, const Axes& axes) {
  const Tensor m = constant_max(op, x, axes);
  return where(less(abs(m), scalar(infinity, m.dtype())), m, 0.0);
}

// x minus its largest element along the axis; NaN if that is ∞, so that softmax of an infinity is NaN.
Tensor centered(const char* op, const Tensor& x, int axis) {
  const Tensor m = constant_max(op, x, {axis});
  return x - where(greater(m, scalar(-infinity, m.dtype())), m, 0.0);
}

}  // namespace

Tensor sum(const Tensor& x) { return sum_to(x, {}); }
Tensor sum(const Tensor& x, const Axes& axes, bool keepdims) {
  const Tensor kept = sum_to(x, reduced("sum", x.shape(), axes, true));
  return keepdims ? kept : reshape(kept, reduced("sum", x.shape(), axes, false));
}

Tensor mean(const Tensor& x) { return mean(x, every(x)); }
Tensor mean(const Tensor& x, const Axes& axes, bool keepdims) {
  const Tensor total = sum(x, axes, keepdims);
  check_elements("mean", x, axes);
  return total.size() == 0 ? total : total / (static_cast<double>(x.size()) / static_cast<double>(total.size()));
}

Tensor max(const Tensor& x) { return max(x, every(x)); }
Tensor max(const Tensor& x, const Axes& axes, bool keepdims) {
  const Shape kept = reduced("max", x.shape(), axes, true);
  check_elements("max", x, axes);
  const Tensor y = kept == x.shape() ? x : apply(max_op, {x}, attributes(kept));
  return keepdims ? y : reshape(y, reduced("max", x.shape(), axes, false));
}

Tensor min(const Tensor& x) { return neg(max(neg(x))); }
Tensor min(const Tensor& x, const Axes& axes, bool keepdims) { return neg(max(neg(x), axes, keepdims)); }

Tensor prod(const Tensor& x) { return prod(reshape(x, {x.size()}), {0}); }
Tensor prod(const Tensor& x, const Axes& axes, bool keepdims) {
  const Shape kept = reduced("prod", x.shape(), axes, true);
  Tensor y = x;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (kept[axis] == x.shape()[axis]) continue;
    const int64_t n = y.shape()[axis];
    Shape one = y.shape();
    one[axis] = 1;
    y = n == 0 ? ones(one, x.dtype()) : slice(cumprod(y, axis), axis, n - 1, n);
  }
  return keepdims ? y : reshape(y, reduced("prod", x.shape(), axes, false));
}

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keepdims) {
  const Tensor m = finite_max("logsumexp", x, axes), s = sum(exp(x - m), axes, true);
  const Tensor none = equal(s, scalar(0, s.dtype()));
  const Tensor y = where(none, -infinity, m + log(where(none, 1.0, s)));
  return keepdims ? y : reshape(y, reduced("logsumexp", x.shape(), axes, false));
}

Tensor softmax(const Tensor& x, int axis) {
  const Tensor e = exp(centered("softmax", x, axis));
  return e / sum(e, {axis}, true);
}

Tensor log_softmax(const Tensor& x, int axis) {
  const Tensor y = centered("log_softmax", x, axis);
  return y - log(sum(exp(y), {axis}, true));
}

Tensor norm(const Tensor& x, const Axes& axes, bool keepdims) {
  const Shape shape = reduced("norm", x.shape(), axes, keepdims);
  if (x.size() == 0) return zeros(shape, x.dtype());
  // After division by the largest element, squares neither overflow nor underflow.
  const Tensor m = finite_max("norm", abs(stop_gradient(x)), axes);
  const Tensor s = where(m > 0.0, m, 1.0);
  return reshape(s * sqrt(sum(square(x / s), axes, true)), shape);
}

Tensor cumsum(const Tensor& x, int axis, bool reverse) {
  return recurrence(ones_like(x), x, {x.shape().normalize(axis), reverse});
}

Tensor sum_of_others(const Tensor& x, int axis) {
  return apply(sum_of_others_op, {x}, attributes(x.shape().normalize(axis)));
}

Tensor cumprod(const Tensor& x, int axis, bool reverse) {
  const Recurrence r{x.shape().normalize(axis), reverse};
  const int64_t n = x.shape()[r.axis];
  if (n == 0) return x;
  // The product starts with the first element. The others are −0: −0 + p is p, where 0 + p would be 0 for p = −0.
  const Tensor first = neg(reverse ? slice(x, r.axis, n - 1, n) : slice(x, r.axis, 0, 1));
  return recurrence(x, neg(reverse ? pad(first, r.axis, n - 1, 0) : pad(first, r.axis, 0, n - 1)), r);
}

std::vector<const Op*> reduce_ops() { return {&max_op, &recurrence_op, &sum_of_others_op}; }

}  // namespace dimwise
