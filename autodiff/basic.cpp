#include "autodiff/basic.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/detail/rules.hpp"

namespace dimwise {

const Op alias_op = record::broadcasting(record::linear<NoAttributes>(
    "alias", [](const Tensor& x, NoAttributes) { return share(x, x.shape()); },
    [](const Tensor& w, const Tensor&, NoAttributes) { return w; }));

const Op neg_op = record::broadcasting(record::linear<NoAttributes>(
    "neg",
    [](const Tensor& x, NoAttributes) {
      // On AVX-512 xsimd negates as 0 − v, which does not give −0.
      return detail::map(
          x.shape(), false, [](auto v) { return v ^ decltype(v)(typename decltype(v)::value_type(-0.0)); }, x);
    },
    [](const Tensor& w, const Tensor&, NoAttributes) { return neg(w); }));

namespace {
struct Factor {
  double value;
  bool divides;
};
Tensor scale(Tensor x, const Factor& factor);
}  // namespace
const Op scale_op = record::broadcasting(record::linear<Factor>(
    "scale",
    [](const Tensor& x, const Factor& factor) {
      const void* from = x.node()->buffer.data();
      Tensor y = can_donate(x, false) ? donate(x) : empty(x.shape(), x.dtype());
      dispatch(x.dtype(), [&](auto t) {
        using T = decltype(t);
        const Elements<T> elements(static_cast<const T*>(from));
        if (factor.divides)
          into<T>(y) = elements / static_cast<T>(factor.value);
        else
          into<T>(y) = elements * static_cast<T>(factor.value);
      });
      return y;
    },
    [](const Tensor& w, const Tensor&, const Factor& factor) { return scale(w, factor); }));
namespace {
Tensor scale(Tensor x, const Factor& factor) { return apply(scale_op, {std::move(x)}, attributes(factor)); }
}  // namespace

const Op add_op = [] {
  Op op{"add"};
  op.reads_output = false;
  op.forward = [](std::span<const Tensor> in, const Attributes&) {
    const Shape shape = broadcast("add", in[0].shape(), in[1].shape());
    return detail::map(
        shape, false, [](auto a, auto b) { return a + b; }, in[0], in[1]);
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    for (size_t i = 0; i < 2; ++i)
      if (result.wanted(i)) result.set(i, unbroadcast(w, call.output.shape(), call.inputs[i].shape()));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y(call.output);
    for (int k = 1; k <= max_order(in); ++k) {
      Tensor sum;
      for (const Series& s : in)
        if (s.at(k).defined()) accumulate(sum, s.at(k));
      y.c.push_back(std::move(sum));
    }
    return y;
  };
  op.broadcasts = true;
  op.mixed = MixedDTypes::promoted;
  return op;
}();

const Op mul_op = record::promoting(record::broadcasting(record::bilinear<NoAttributes>(
    "mul",
    [](const Tensor& a, const Tensor& b, NoAttributes) {
      const Shape shape = broadcast("mul", a.shape(), b.shape());
      return detail::map(
          shape, detail::recorded(a, b), [](auto x, auto y) { return x * y; }, a, b);
    },
    [](const Tensor& w, const Tensor& a, const Tensor& b, NoAttributes) {
      return cotangent_mul_sum_to(w, b, broadcast("mul", a.shape(), b.shape()), a.shape());
    },
    [](const Tensor& w, const Tensor& a, const Tensor& b, NoAttributes) {
      return cotangent_mul_sum_to(w, a, broadcast("mul", a.shape(), b.shape()), b.shape());
    })));

const Op cotangent_mul_op = record::broadcasting(record::bilinear<NoAttributes>(
    "cotangent_mul",
    [](const Tensor& w, const Tensor& d, NoAttributes) {
      const Shape shape = broadcast("mul", w.shape(), d.shape());
      return detail::map(shape, detail::recorded(w, d), cotangent_product, w, d);
    },
    [](const Tensor& v, const Tensor& w, const Tensor& d, NoAttributes) {
      return cotangent_mul_sum_to(v, d, broadcast("mul", w.shape(), d.shape()), w.shape());
    },
    [](const Tensor& v, const Tensor& w, const Tensor& d, NoAttributes) {
      return cotangent_mul_sum_to(w, v, broadcast("mul", w.shape(), d.shape()), d.shape());
    }));

// A coefficient that broadcasts to x's shape also broadcasts to the result's.
const Op broadcast_to_op = [] {
  Op op = record::broadcasting(record::linear<Shape>(
      "broadcast_to",
      [](const Tensor& x, const Shape& shape) {
        Tensor y = empty(shape, x.dtype());
        const Source source[] = {x};
        dispatch(y.dtype(), [&](auto t) {
          using T = decltype(t);
          each_part<T>(shape, source, [&](int64_t offset, int64_t n, const auto& operands) {
            Into<T>(mutable_data<T>(y) + offset, n) = Repeated<T>(operands.data()[0]);
          });
        });
        return y;
      },
      [](const Tensor& w, const Tensor& x, const Shape& shape) { return unbroadcast(w, shape, x.shape()); }));
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y = in[0];
    y.c[0] = call.output;
    return y;
  };
  return op;
}();

// The adjoint, a broadcast, is left to the op that needs the full shape.
const Op sum_to_op = [] {
  Op op = record::broadcasting(record::linear<Shape>(
      "sum_to",
      [](const Tensor& x, const Shape& shape) {
        Tensor y = empty(shape, x.dtype());
        evaluate_sum(y, x);
        return y;
      },
      [](const Tensor& w, const Tensor&, const Shape&) { return w; }));
  op.jet = [](const Call& call, std::span<const Series> in) {
    return detail::each_coefficient(call.output, in[0], [&](const Tensor& c) {
      return unbroadcast(c, call.inputs[0].shape(), call.output.shape());
    });
  };
  return op;
}();

const Op reshape_op = [] {
  Op op = record::broadcasting(record::linear<Shape>(
      "reshape", [](const Tensor& x, const Shape& shape) { return share(x, shape); },
      [](const Tensor& w, const Tensor& x, const Shape& shape) { return reshape_tangent(w, shape, x.shape()); }));
  op.jet = [](const Call& call, std::span<const Series> in) {
    return detail::each_coefficient(call.output, in[0], [&](const Tensor& c) {
      return reshape_tangent(c, call.inputs[0].shape(), call.output.shape());
    });
  };
  return op;
}();

namespace {
struct Cast {
  DType to;
};
}  // namespace

const Op astype_op = record::linear<Cast>(
    "astype",
    [](const Tensor& x, const Cast& cast) {
      Tensor y = empty(x.shape(), cast.to);
      dispatch(x.dtype(), [&](auto from) {
        dispatch(cast.to, [&](auto to) {
          const auto values = x.data<decltype(from)>();
          std::transform(values.begin(), values.end(), mutable_data<decltype(to)>(y),
                         [](auto v) { return static_cast<decltype(to)>(v); });
        });
      });
      return y;
    },
    [](const Tensor& w, const Tensor& x, const Cast&) { return astype(w, x.dtype()); });

const Op stack_op = [] {
  Op op{"stack"};
  op.forward = [](std::span<const Tensor> in, const Attributes&) {
    Tensor y = empty(in[0].shape().with(0, static_cast<int64_t>(in.size())), in[0].dtype());
    const size_t row_bytes = static_cast<size_t>(in[0].size()) * bytes(y.dtype());
    auto* out = static_cast<unsigned char*>(y.node()->buffer.data());
    for (size_t i = 0; i < in.size(); ++i)
      std::copy_n(static_cast<const unsigned char*>(in[i].node()->buffer.data()), row_bytes, out + i * row_bytes);
    return y;
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    for (size_t i = 0; i < call.inputs.size(); ++i)
      if (result.wanted(i)) result.set(i, row(w, static_cast<int64_t>(i)));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y(call.output);
    for (int k = 1; k <= max_order(in); ++k) {
      std::vector<Tensor> rows;
      for (const Series& s : in) rows.push_back(s.at(k).defined() ? s.at(k) : zeros_like(s.value()));
      y.c.push_back(stack(rows));
    }
    return y;
  };
  return op;
}();

namespace {
struct Row {
  int64_t i, n;
};
}  // namespace

const Op row_op = record::linear<Row>(
    "row",
    [](const Tensor& x, const Row& a) {
      Tensor y = empty(x.shape().without(0), x.dtype());
      const size_t row_bytes = static_cast<size_t>(y.size()) * bytes(y.dtype());
      std::copy_n(static_cast<const unsigned char*>(x.node()->buffer.data()) + static_cast<size_t>(a.i) * row_bytes,
                  row_bytes, static_cast<unsigned char*>(y.node()->buffer.data()));
      return y;
    },
    [](const Tensor& w, const Tensor&, const Row& a) { return place_row(w, a.i, a.n); });

const Op place_row_op = record::linear<Row>(
    "place_row",
    [](const Tensor& x, const Row& a) {
      Tensor y = zeros(x.shape().with(0, a.n), x.dtype());
      const size_t row_bytes = static_cast<size_t>(x.size()) * bytes(y.dtype());
      std::copy_n(static_cast<const unsigned char*>(x.node()->buffer.data()), row_bytes,
                  static_cast<unsigned char*>(y.node()->buffer.data()) + static_cast<size_t>(a.i) * row_bytes);
      return y;
    },
    [](const Tensor& w, const Tensor&, const Row& a) { return row(w, a.i); });

Tensor stack(const std::vector<Tensor>& rows) {
  if (rows.empty()) fail<ShapeError>("stack", "the list is empty. Give at least one tensor.");
  for (const Tensor& r : rows)
    if (r.shape() != rows[0].shape())
      fail<ShapeError>("stack", "shapes differ: ", rows[0].shape(), " and ", r.shape(), ". Reshape or pad them first.");
  return apply(stack_op, Operands(rows));
}
Tensor row(const Tensor& x, int64_t i) {
  const int64_t n = x.dim(0), positive = i < 0 ? i + n : i;
  if (positive < 0 || positive >= n)
    fail<ShapeError>("row", "row ", i, " is out of range for shape ", x.shape(), ". Use -", n, " … ", n - 1, ".");
  return apply(row_op, {x}, attributes(Row{positive, n}));
}
Tensor place_row(const Tensor& x, int64_t i, int64_t n) {
  if (i < 0 || i >= n)
    fail<ShapeError>("place_row", "row ", i, " is out of range for ", n, " rows. Use 0 … ", n - 1, ".");
  return apply(place_row_op, {x}, attributes(Row{i, n}));
}

int64_t first_non_finite(const Tensor& x) {
  return dispatch(x.dtype(), [&](auto t) -> int64_t {
    const auto values = x.data<decltype(t)>();
    const auto found = std::find_if(values.begin(), values.end(), [](auto v) { return !std::isfinite(v); });
    return found == values.end() ? -1 : found - values.begin();
  });
}

Tensor alias(const Tensor& x) { return x.tracked() ? apply(alias_op, {x}) : track(x); }
Tensor stop_gradient(const Tensor& x) { return share(x, x.shape()); }
Tensor neg(Tensor x) { return apply(neg_op, {std::move(x)}); }
Tensor add(Tensor a, Tensor b) { return apply(add_op, {std::move(a), std::move(b)}); }
Tensor mul(Tensor a, Tensor b) { return apply(mul_op, {std::move(a), std::move(b)}); }
Tensor scale(Tensor x, double s) { return s == 1 ? x : scale(std::move(x), Factor{s, false}); }
Tensor divide(Tensor x, double s) {
  int exponent = 0;
  if (std::abs(std::frexp(s, &exponent)) == 0.5) return scale(std::move(x), 1 / s);  // exact for powers of 2
  return scale(std::move(x), Factor{s, true});
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  if (broadcast("broadcast_to", x.shape(), shape) != shape)
    fail<ShapeError>("broadcast_to", "shape ", x.shape(), " does not broadcast to ", shape,
                     ". Only axes of length 1 can be repeated.");
  return apply(broadcast_to_op, {x}, attributes(shape));
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  if (broadcast("sum_to", x.shape(), shape) != x.shape())
    fail<ShapeError>("sum_to", "shape ", x.shape(), " does not sum to ", shape,
                     ". The target must broadcast to the source.");
  return apply(sum_to_op, {x}, attributes(shape));
}

Tensor reshape(const Tensor& x, const Shape& shape) {
  Shape full = shape;
  int unknown = -1;
  int64_t known = 1;
  bool negative = false;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == -1 && unknown < 0)
      unknown = i;
    else
      known *= shape[i];
    negative = negative || (shape[i] < 0 && unknown != i);
  }
  if (unknown >= 0 && known > 0) full[unknown] = x.size() / known;
  if (negative || full.size() != x.size() || (unknown >= 0 && known == 0))
    fail<ShapeError>("reshape", "shape ", x.shape(), " with ", x.size(), " elements does not fit ", shape, ".");
  if (full == x.shape()) return x;
  return apply(reshape_op, {x}, attributes(full));
}

Tensor astype(const Tensor& x, DType dtype) {
  return x.dtype() == dtype ? x : apply(astype_op, {x}, attributes(Cast{dtype}));
}

void accumulate(Tensor& acc, Tensor x) {
  if (!acc.defined()) {
    acc = std::move(x);
    return;
  }
  const auto takes = [](const Tensor& a, const Tensor& b) {
    const Node* node = a.node();
    return !a.tracked() && !b.tracked() && node->owners.load(std::memory_order_acquire) == 1 && node->buffer.unique() &&
           a.dtype() == b.dtype() && (a.shape() == b.shape() || broadcast("add", a.shape(), b.shape()) == a.shape());
  };
  if (!takes(acc, x) && takes(x, acc)) std::swap(acc, x);
  if (!takes(acc, x)) {
    acc = add(acc, x);
    return;
  }
  evaluate(
      acc, [](auto a, auto b) { return a + b; }, acc, x);
}

}  // namespace dimwise
