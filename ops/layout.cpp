#include "ops/layout.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/detail/rules.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/all_ops.hpp"

namespace dimwise {

namespace {

// Copies are loops. Assignment of xtensor's views takes 0.8 to 1.0 times as long for slices of long rows, but 2 to 7
// times for one column, 3 to 4 times for reversed axes, 2 to 6 times for transposes and 26 to 130 times for
// concatenation (bench/views).

Shape strides_of(const Shape& shape) {
  Shape strides = shape;
  int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

// Copies n[0] × n[1] × … elements of x, which are `step[axis]` elements apart along each axis.
template <class T>
void copy_strided(const T* x, T* out, const Shape& n, const Shape& step) {
  const int last = n.rank() - 1;
  const int64_t row = n[last], along = step[last], rows = n.size() / row;
  const bool block = along == 1 && row >= 16;  // shorter rows are copied sooner by the loop than by a call
  int64_t index[Shape::max_rank]{};
  for (int64_t r = 0; r < rows; ++r, out += row) {
    if (block)
      std::copy_n(x, row, out);
    else
      for (int64_t i = 0; i < row; ++i) out[i] = x[i * along];
    for (int axis = last - 1; axis >= 0; --axis) {
      x += step[axis];
      if (++index[axis] < n[axis]) break;
      x -= step[axis] * n[axis];
      index[axis] = 0;
    }
  }
}

// The tensor of `shape` whose elements are x's from `start` on, `strides[axis]` elements apart along each axis.
Tensor gather_strided(const Tensor& x, int64_t start, const Shape& shape, const Shape& strides) {
  Tensor y = empty(shape, x.dtype());
  if (y.size() == 0) return y;
  Shape n, step;  // axes that follow each other in x are merged, those of one element left out
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const int last = n.rank() - 1;
    if (shape[axis] == 1) continue;
    if (last >= 0 && step[last] == strides[axis] * shape[axis]) {
      n[last] *= shape[axis];
      step[last] = strides[axis];
    } else {
      n.push_back(shape[axis]);
      step.push_back(strides[axis]);
    }
  }
  if (n.rank() == 0) n = step = Shape{1};
  dispatch(x.dtype(), [&](auto t) {
    using T = decltype(t);
    copy_strided(x.node()->data<T>() + start, mutable_data<T>(y), n, step);
  });
  return y;
}

const Op transpose_op = record::linear<Shape>(
    "transpose",
    [](const Tensor& x, const Shape& order) {
      const Shape from = strides_of(x.shape());
      Shape shape = x.shape(), strides = shape;
      for (int i = 0; i < order.rank(); ++i) {
        shape[i] = x.shape()[static_cast<int>(order[i])];
        strides[i] = from[static_cast<int>(order[i])];
      }
      return gather_strided(x, 0, shape, strides);
    },
    [](const Tensor& w, const Tensor&, const Shape& order) {
      Shape inverse = order;
      for (int i = 0; i < order.rank(); ++i) inverse[static_cast<int>(order[i])] = i;
      return transpose(w, inverse);
    });

struct Along {
  int axis;
};

const Op concat_op = [] {
  Op op{"concat"};
  op.forward = [](std::span<const Tensor> in, const Attributes& attributes) {
    const int axis = as<Along>(attributes).axis;
    Shape shape = in[0].shape();
    shape[axis] = 0;
    for (const Tensor& x : in) shape[axis] += x.shape()[axis];
    Tensor y = empty(shape, in[0].dtype());
    const int64_t outer = shape.outer(axis), row = shape[axis] * shape.inner(axis);
    dispatch(y.dtype(), [&](auto t) {
      using T = decltype(t);
      T* out = mutable_data<T>(y);
      for (const Tensor& x : in) {
        const int64_t part = x.shape()[axis] * shape.inner(axis);
        const T* from = x.node()->data<T>();
        for (int64_t o = 0; o < outer; ++o) std::copy_n(from + o * part, part, out + o * row);
        out += part;
      }
    });
    return y;
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const int axis = as<Along>(call.attributes).axis;
    int64_t start = 0;
    for (size_t i = 0; i < call.inputs.size(); ++i) {
      const int64_t n = call.inputs[i].shape()[axis];
      if (result.wanted(i)) result.set(i, slice(w, axis, start, start + n));
      start += n;
    }
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y(call.output);
    const int order = max_order(in);
    for (int k = 1; k <= order; ++k) {
      std::vector<Tensor> parts;
      for (const Series& s : in) parts.push_back(s.at(k).defined() ? s.at(k) : zeros_like(s.value()));
      y.c.push_back(apply(call.op, Operands(parts), call.attributes));
    }
    return y;
  };
  return op;
}();

struct Range {
  int axis;
  int64_t start, count, step;
};

const Op slice_op = record::linear<Range>(
    "slice",
    [](const Tensor& x, const Range& r) {
      Shape shape = x.shape(), strides = strides_of(shape);
      const int64_t start = r.start * strides[r.axis];
      shape[r.axis] = r.count;
      strides[r.axis] *= r.step;
      return gather_strided(x, start, shape, strides);
    },
    [](const Tensor& w, const Tensor& x, const Range& r) {
      if (r.count == 0) return zeros_like(x);
      const int64_t after = x.shape()[r.axis] - r.start - (r.count - 1) * r.step - 1;
      return pad(w, r.axis, r.start, after, 0, r.step - 1);
    });

struct Padding {
  int axis;
  int64_t before, after, between;
};

int64_t padded_length(int64_t n, const Padding& p) {
  int64_t length = 0, gaps = 0;
  if (__builtin_add_overflow(p.before, p.after, &length) || __builtin_add_overflow(length, n, &length) ||
      __builtin_mul_overflow(n - 1, p.between, &gaps) ||  // none if n < 2
      __builtin_add_overflow(length, gaps, &length))
    fail<ShapeError>("pad", "lengths ", p.before, ", ", p.after, ", ", p.between,
                     " are more than memory can hold. Use smaller ones.");
  return length;
}

const Op pad_op = record::linear<Padding>(
    "pad",
    [](const Tensor& x, const Padding& p) {
      Shape shape = x.shape();
      const int64_t n = shape[p.axis], inner = shape.inner(p.axis), outer = shape.outer(p.axis);
      shape[p.axis] = padded_length(n, p);
      Tensor y = zeros(shape, x.dtype());
      dispatch(x.dtype(), [&](auto t) {
        using T = decltype(t);
        const T* from = x.node()->data<T>();
        T* out = mutable_data<T>(y);
        const int64_t step = p.between + 1, row = shape[p.axis] * inner;
        for (int64_t o = 0; o < outer; ++o) {
          if (step == 1) {
            std::copy_n(from + o * n * inner, n * inner, out + o * row + p.before * inner);
            continue;
          }
          for (int64_t i = 0; i < n; ++i)
            std::copy_n(from + (o * n + i) * inner, inner, out + o * row + (p.before + i * step) * inner);
        }
      });
      return y;
    },
    [](const Tensor& w, const Tensor& x, const Padding& p) {
      const int64_t n = x.shape()[p.axis], step = p.between + 1;
      if (n == 0) return zeros_like(x);
      return slice(w, p.axis, p.before, p.before + (n - 1) * step + 1, step);
    });

const Op flip_op = record::linear<Along>(
    "flip",
    [](const Tensor& x, const Along& a) {
      Shape strides = strides_of(x.shape());
      const int64_t start = (x.shape()[a.axis] - 1) * strides[a.axis];
      strides[a.axis] = -strides[a.axis];
      return gather_strided(x, start, x.shape(), strides);
    },
    [](const Tensor& w, const Tensor&, const Along& a) { return flip(w, a.axis); });

}  // namespace

Tensor transpose(const Tensor& x) {
  if (x.rank() < 2)
    fail<ShapeError>("transpose", "shape ", x.shape(), " has fewer than two axes. Reshape it to a matrix.");
  Shape order;
  for (int i = 0; i < x.rank(); ++i) order.push_back(i);
  std::swap(order[x.rank() - 1], order[x.rank() - 2]);
  return transpose(x, order);
}

Tensor transpose(const Tensor& x, const Shape& order) {
  Shape normal = order;
  bool named[Shape::max_rank] = {};
  if (order.rank() != x.rank())
    fail<ShapeError>("transpose", "order ", order, " does not contain every axis of shape ", x.shape(), ".");
  bool same = true;
  for (int i = 0; i < order.rank(); ++i) {
    const int axis = x.shape().normalize(static_cast<int>(order[i]));
    if (named[axis]) fail<ShapeError>("transpose", "order ", order, " contains axis ", axis, " twice.");
    named[axis] = true;
    normal[i] = axis;
    same = same && axis == i;
  }
  return same ? x : apply(transpose_op, {x}, attributes(normal));
}

Tensor concat(const std::vector<Tensor>& parts, int axis) {
  if (parts.empty()) fail<ShapeError>("concat", "the list is empty. Give at least one tensor.");
  check_inputs("concat", parts);
  const int at = parts[0].shape().normalize(axis);
  for (const Tensor& x : parts)
    if (x.rank() != parts[0].rank() || x.shape().without(at) != parts[0].shape().without(at))
      fail<ShapeError>("concat", "shapes differ other than along axis ", at, ": ", parts[0].shape(), " and ", x.shape(),
                       ".");
  return parts.size() == 1 ? parts[0] : apply(concat_op, parts, attributes(Along{at}));
}

Tensor stack(const std::vector<Tensor>& parts, int axis) {
  if (parts.empty()) fail<ShapeError>("stack", "the list is empty. Give at least one tensor.");
  check_inputs("stack", parts);
  const int at = parts[0].shape().with(0, 1).normalize(axis);
  std::vector<Tensor> expanded;
  for (const Tensor& x : parts) {
    if (x.shape() != parts[0].shape())
      fail<ShapeError>("stack", "shapes differ: ", parts[0].shape(), " and ", x.shape(),
                       ". Reshape or pad them first.");
    expanded.push_back(reshape(x, x.shape().with(at, 1)));
  }
  return concat(expanded, at);
}

Tensor slice(const Tensor& x, int axis, int64_t start, int64_t stop, int64_t step) {
  const int at = x.shape().normalize(axis);
  const int64_t n = x.shape()[at];
  const int64_t first = start < 0 ? start + n : start, last = stop < 0 ? stop + n : stop;
  if (step < 1) fail<ShapeError>("slice", "step ", step, " must be positive. Use flip to reverse an axis.");
  if (first < 0 || last > n || first > last)
    fail<ShapeError>("slice", "range ", start, " … ", stop, " is not within axis ", axis, " of shape ", x.shape(), ".");
  if (first == 0 && last == n && step == 1) return x;
  const int64_t count = first == last ? 0 : (last - first - 1) / step + 1;
  // One element has no step: a huge one would overflow.
  return apply(slice_op, {x}, attributes(Range{at, first, count, count > 1 ? step : 1}));
}

Tensor select(const Tensor& x, int axis, int64_t i) {
  const int at = x.shape().normalize(axis);
  const int64_t n = x.shape()[at], index = i < 0 ? i + n : i;
  if (index < 0 || index >= n)
    fail<ShapeError>("select", "element ", i, " is not in axis ", axis, " of shape ", x.shape(), ".");
  return reshape(slice(x, at, index, index + 1), x.shape().without(at));
}

Tensor pad(const Tensor& x, int axis, int64_t before, int64_t after, double value, int64_t between) {
  const int at = x.shape().normalize(axis);
  // Fewer than two elements have nothing between them.
  const Padding p{at, before, after, x.shape()[at] > 1 ? between : 0};
  if (before < 0 || after < 0 || between < 0)
    fail<ShapeError>("pad", "lengths ", before, ", ", after, ", ", between,
                     " must not be negative. Use slice to remove elements.");
  if (before == 0 && after == 0 && p.between == 0) return x;
  Tensor y = apply(pad_op, {x}, attributes(p));
  if (value == 0) return y;
  return where(apply(pad_op, {ones_like(x)}, attributes(p)), y, value);
}

Tensor flip(const Tensor& x, int axis) { return apply(flip_op, {x}, attributes(Along{x.shape().normalize(axis)})); }
Tensor unsqueeze(const Tensor& x, int axis) {
  return reshape(x, x.shape().with(x.shape().with(0, 1).normalize(axis), 1));
}
Tensor squeeze(const Tensor& x, int axis) {
  const int at = x.shape().normalize(axis);
  if (x.shape()[at] != 1)
    fail<ShapeError>("squeeze", "axis ", axis, " of shape ", x.shape(), " does not have length 1.");
  return reshape(x, x.shape().without(at));
}

std::vector<const Op*> layout_ops() { return {&transpose_op, &concat_op, &slice_op, &pad_op, &flip_op, &astype_op}; }

}  // namespace dimwise
