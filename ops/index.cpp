#include "ops/index.hpp"

#include "autodiff/base/error.hpp"
#include "autodiff/detail/rules.hpp"
#include "ops/detail/all_ops.hpp"

namespace dimwise {

namespace {

struct Selection {
  int axis;
  std::vector<int64_t> indices;
  int64_t n;  // length of the indexed axis
};

// Calls body(long, short) with the offsets of matching slices of the indexed tensor and of the selection.
template <class Body>
void slices(const Shape& shape, const Selection& s, Body&& body) {
  const int64_t outer = shape.outer(s.axis), inner = shape.inner(s.axis),
                count = static_cast<int64_t>(s.indices.size());
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t k = 0; k < count; ++k)
      body((o * s.n + s.indices[static_cast<size_t>(k)]) * inner, (o * count + k) * inner);
}

Shape resized(Shape shape, int axis, int64_t n) {
  shape[axis] = n;
  return shape;
}

const Op index_select_op = record::linear<Selection>(
    "index_select",
    [](const Tensor& x, const Selection& s) {
      Tensor y = empty(resized(x.shape(), s.axis, static_cast<int64_t>(s.indices.size())), x.dtype());
      const int64_t inner = x.shape().inner(s.axis);
      dispatch(x.dtype(), [&](auto t) {
        using T = decltype(t);
        slices(x.shape(), s, [&](int64_t from, int64_t to) {
          std::copy_n(x.node()->data<T>() + from, inner, mutable_data<T>(y) + to);
        });
      });
      return y;
    },
    [](const Tensor& w, const Tensor&, const Selection& s) { return index_add(w, s.axis, s.indices, s.n); });

const Op index_add_op = record::linear<Selection>(
    "index_add",
    [](const Tensor& x, const Selection& s) {
      Tensor y = zeros(resized(x.shape(), s.axis, s.n), x.dtype());
      const int64_t inner = x.shape().inner(s.axis);
      dispatch(x.dtype(), [&](auto t) {
        using T = decltype(t);
        slices(x.shape(), s, [&](int64_t to, int64_t from) {
          for (int64_t j = 0; j < inner; ++j) mutable_data<T>(y)[to + j] += x.node()->data<T>()[from + j];
        });
      });
      return y;
    },
    [](const Tensor& w, const Tensor&, const Selection& s) { return index_select(w, s.axis, s.indices); });

struct Gathering {
  int axis;
  Indices index;
  int64_t n;
};

// Calls body(long, short) for matching elements.
template <class Body>
void elements(const Gathering& g, Body&& body) {
  const Shape& shape = g.index.shape;
  const int64_t outer = shape.outer(g.axis), count = shape[g.axis], inner = shape.inner(g.axis);
  int64_t at = 0;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t k = 0; k < count; ++k)
      for (int64_t j = 0; j < inner; ++j, ++at)
        body((o * g.n + g.index.values[static_cast<size_t>(at)]) * inner + j, at);
}

const Op gather_op = record::linear<Gathering>(
    "gather",
    [](const Tensor& x, const Gathering& g) {
      Tensor y = empty(g.index.shape, x.dtype());
      dispatch(x.dtype(), [&](auto t) {
        using T = decltype(t);
        elements(g, [&](int64_t from, int64_t to) { mutable_data<T>(y)[to] = x.node()->data<T>()[from]; });
      });
      return y;
    },
    [](const Tensor& w, const Tensor&, const Gathering& g) { return scatter_add(w, g.axis, g.index, g.n); });

const Op scatter_add_op = record::linear<Gathering>(
    "scatter_add",
    [](const Tensor& x, const Gathering& g) {
      Tensor y = zeros(resized(x.shape(), g.axis, g.n), x.dtype());
      dispatch(x.dtype(), [&](auto t) {
        using T = decltype(t);
        elements(g, [&](int64_t to, int64_t from) { mutable_data<T>(y)[to] += x.node()->data<T>()[from]; });
      });
      return y;
    },
    [](const Tensor& w, const Tensor&, const Gathering& g) { return gather(w, g.axis, g.index); });

void check_range(const char* op, const std::vector<int64_t>& indices, int64_t n) {
  for (const int64_t i : indices)
    if (i < 0 || i >= n) fail<ShapeError>(op, "index ", i, " is out of range. Use 0 … ", n - 1, ".");
}

void check_index(const char* op, const Shape& shape, int axis, const Indices& index) {
  if (index.shape.rank() != shape.rank() || index.shape.without(axis) != shape.without(axis))
    fail<ShapeError>(op, "the index has shape ", index.shape, ", but the tensor has ", shape,
                     ". They may differ only along axis ", axis, '.');
  if (static_cast<int64_t>(index.values.size()) != index.shape.size())
    fail<ShapeError>(op, index.values.size(), " indices do not fit shape ", index.shape, ".");
}

}  // namespace

Tensor index_select(const Tensor& x, int axis, const std::vector<int64_t>& indices) {
  const int at = x.shape().normalize(axis);
  check_range("index_select", indices, x.shape()[at]);
  return apply(index_select_op, {x}, attributes(Selection{at, indices, x.shape()[at]}));
}

Tensor index_add(const Tensor& x, int axis, const std::vector<int64_t>& indices, int64_t n) {
  const int at = x.shape().normalize(axis);
  check_range("index_add", indices, n);
  if (static_cast<int64_t>(indices.size()) != x.shape()[at])
    fail<ShapeError>("index_add", indices.size(), " indices for axis ", axis, " of shape ", x.shape(),
                     ". Give one for each slice.");
  return apply(index_add_op, {x}, attributes(Selection{at, indices, n}));
}

Tensor gather(const Tensor& x, int axis, const Indices& index) {
  const int at = x.shape().normalize(axis);
  check_index("gather", x.shape(), at, index);
  check_range("gather", index.values, x.shape()[at]);
  return apply(gather_op, {x}, attributes(Gathering{at, index, x.shape()[at]}));
}

Tensor scatter_add(const Tensor& x, int axis, const Indices& index, int64_t n) {
  const int at = x.shape().normalize(axis);
  check_index("scatter_add", x.shape(), at, index);
  if (index.shape != x.shape())
    fail<ShapeError>("scatter_add", "the index has shape ", index.shape, ", but x has ", x.shape(),
                     ". They must be equal.");
  check_range("scatter_add", index.values, n);
  return apply(scatter_add_op, {x}, attributes(Gathering{at, index, n}));
}

std::vector<const Op*> index_ops() { return {&index_select_op, &index_add_op, &gather_op, &scatter_add_op}; }

}  // namespace dimwise
