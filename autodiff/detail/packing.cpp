#include "autodiff/detail/packing.hpp"

#include <algorithm>

#include "autodiff/detail/rules.hpp"

namespace dimwise {

namespace {

struct Place {
  int64_t offset, size;  // size: of the 1-d tensor
};
struct Part {
  int64_t offset;
  Shape shape;
};

Tensor part(const Tensor& flat, const Part& a);
Tensor place(const Tensor& x, const Place& a);

// Copies all elements of x to y, from element `at` of y on.
void copy(const Tensor& x, const Tensor& y, int64_t at) {
  dispatch(y.dtype(), [&](auto t) {
    using T = decltype(t);
    std::copy_n(x.node()->data<T>(), x.size(), mutable_data<T>(y) + at);
  });
}

const Op pack_op = [] {
  Op op{"pack"};
  op.reads_output = false;
  op.forward = [](std::span<const Tensor> in, const Attributes&) {
    int64_t size = 0;
    for (const Tensor& x : in) size += x.size();
    Tensor y = empty({size}, in[0].dtype());
    int64_t at = 0;
    for (const Tensor& x : in) {
      copy(x, y, at);
      at += x.size();
    }
    return y;
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    int64_t offset = 0;
    for (size_t i = 0; i < call.inputs.size(); ++i) {
      if (result.wanted(i)) result.set(i, part(w, {offset, call.inputs[i].shape()}));
      offset += call.inputs[i].size();
    }
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y(call.output);
    for (int k = 1; k <= max_order(in); ++k) {
      std::vector<Tensor> parts;
      for (const Series& s : in) parts.push_back(s.at(k).defined() ? s.at(k) : zeros_like(s.value()));
      y.c.push_back(pack(parts));
    }
    return y;
  };
  return op;
}();

const Op part_op = record::linear<Part>(
    "part",
    [](const Tensor& x, const Part& a) {
      Tensor y = empty(a.shape, x.dtype());
      dispatch(y.dtype(), [&](auto t) {
        using T = decltype(t);
        std::copy_n(x.node()->data<T>() + a.offset, y.size(), mutable_data<T>(y));
      });
      return y;
    },
    [](const Tensor& w, const Tensor& x, const Part& a) {
      return place(w, {a.offset, x.size()});
    });

// The adjoint of part: zeros around x.
const Op place_op = record::linear<Place>(
    "place",
    [](const Tensor& x, const Place& a) {
      Tensor y = zeros({a.size}, x.dtype());
      copy(x, y, a.offset);
      return y;
    },
    [](const Tensor& w, const Tensor& x, const Place& a) {
      return part(w, {a.offset, x.shape()});
    });

Tensor part(const Tensor& flat, const Part& a) { return apply(part_op, {flat}, attributes(a)); }
Tensor place(const Tensor& x, const Place& a) { return apply(place_op, {x}, attributes(a)); }

}  // namespace

Tensor pack(const std::vector<Tensor>& parts) {
  const bool mixed =
      std::any_of(parts.begin(), parts.end(), [&](const Tensor& x) { return x.dtype() != parts[0].dtype(); });
  std::vector<Tensor> same;
  for (const Tensor& x : parts) same.push_back(mixed ? astype(x, DType::float64) : x);
  return same.size() == 1 ? reshape(same[0], {same[0].size()}) : apply(pack_op, Operands(std::move(same)));
}

Tensor unpack(const Tensor& flat, int64_t& offset, const Tensor& like) {
  const Part a{offset, like.shape()};
  offset += like.size();
  const Tensor x = like.size() == flat.size() ? reshape(flat, like.shape()) : part(flat, a);
  return astype(x, like.dtype());
}

std::vector<Tensor> unpack(const Tensor& flat, const std::vector<Tensor>& like) {
  std::vector<Tensor> parts;
  int64_t offset = 0;
  for (const Tensor& x : like) parts.push_back(unpack(flat, offset, x));
  return parts;
}

}  // namespace dimwise
