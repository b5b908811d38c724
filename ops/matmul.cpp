#include "ops/matmul.hpp"

#include "autodiff/error.hpp"
#include "autodiff/record.hpp"
#include "ops/all_ops.hpp"
#include "ops/arithmetic.hpp"
#include "ops/gemm.hpp"
#include "ops/series.hpp"

namespace dimwise {

namespace {

// Lengths and batch of a product; throws where they do not fit.
struct Product {
  int64_t m, n, k;
  Shape batch_a, batch_b, batch;

  Product(const Shape& a, const Shape& b, const MatmulOptions& o) {
    if (a.rank() < 2 || b.rank() < 2)
      fail<ShapeError>("matmul", "shapes ", a, " and ", b,
                       " must have at least two axes. Reshape a vector to a row or a column.");
    m = a.dim(o.transpose_a ? -1 : -2);
    k = a.dim(o.transpose_a ? -2 : -1);
    n = b.dim(o.transpose_b ? -2 : -1);
    const int64_t kb = b.dim(o.transpose_b ? -1 : -2);
    if (k != kb) {
      const char* hint = "Check the transpose flags.";
      if (!o.transpose_b && b.dim(-1) == k) hint = "Did you mean transpose(b)?";
      if (!o.transpose_a && a.dim(-2) == kb) hint = "Did you mean transpose(a)?";
      fail<ShapeError>("matmul", "inner dimensions differ: ", a, o.transpose_a ? "ᵀ" : "", " @ ", b,
                       o.transpose_b ? "ᵀ" : "", ". ", hint);
    }
    for (int i = 0; i < a.rank() - 2; ++i) batch_a.push_back(a[i]);
    for (int i = 0; i < b.rank() - 2; ++i) batch_b.push_back(b[i]);
    batch = broadcast("matmul", batch_a, batch_b);
  }
  // A matrix b shared by the whole batch is one product with the batch folded into m.
  bool folds(const MatmulOptions& o) const {
    return batch_b.size() == 1 && !o.transpose_a && batch_a.size() == batch.size();
  }
};

Tensor product_value(const Tensor& a, const Tensor& b, const MatmulOptions& o) {
  const Product p(a.shape(), b.shape(), o);
  Shape shape = p.batch;
  shape.push_back(p.m);
  shape.push_back(p.n);
  Tensor y = empty(shape, a.dtype());
  dispatch(a.dtype(), [&](auto t) {
    using T = decltype(t);
    const T *pa = a.node()->data<T>(), *pb = b.node()->data<T>();
    T* out = mutable_data<T>(y);
    if (p.folds(o)) return gemm(o.transpose_a, o.transpose_b, p.batch.size() * p.m, p.n, p.k, pa, pb, T(0), out);
    // The same odometer as for elementwise ops, over matrices instead of numbers.
    const loops::Broadcast plan(p.batch, p.batch_a, p.batch_b);
    plan.rows([&](int64_t c0, int64_t a0, int64_t b0) {
      for (int64_t i = 0; i < plan.row; ++i)
        gemm(o.transpose_a, o.transpose_b, p.m, p.n, p.k, pa + (a0 + (plan.vector_a ? i : 0)) * p.m * p.k,
             pb + (b0 + (plan.vector_b ? i : 0)) * p.k * p.n, T(0), out + (c0 + i) * p.m * p.n);
    });
  });
  return y;
}

Tensor flat(const Tensor& x) { return reshape(x, {-1, x.dim(-1)}); }

const Op matmul_op = record::bilinear<MatmulOptions>(
    "matmul", [](const Tensor& a, const Tensor& b, const MatmulOptions& o) { return product_value(a, b, o); },
    [](const Tensor& w, const Tensor& a, const Tensor& b, const MatmulOptions& o) {
      const Tensor g = o.transpose_a ? matmul(b, w, {o.transpose_b, true}) : matmul(w, b, {false, !o.transpose_b});
      return sum_to(g, a.shape());
    },
    [](const Tensor& w, const Tensor& a, const Tensor& b, const MatmulOptions& o) {
      const Product p(a.shape(), b.shape(), o);
      if (p.folds(o) && b.size() > 0 && a.size() > 0) {
        const Tensor rows = flat(a), cotangents = flat(w);
        const Tensor g =
            o.transpose_b ? matmul(cotangents, rows, {true, false}) : matmul(rows, cotangents, {true, false});
        return reshape(g, b.shape());
      }
      const Tensor g = o.transpose_b ? matmul(w, a, {true, o.transpose_a}) : matmul(a, w, {!o.transpose_a, false});
      return sum_to(g, b.shape());
    });

Tensor linear_value(std::span<const Tensor> in) {
  const Tensor &x = in[0], &weight = in[1];
  const int64_t outputs = weight.dim(0), inputs = weight.dim(1), rows = x.shape().outer(x.rank() - 1);
  Shape shape = x.shape();
  shape[x.rank() - 1] = outputs;
  Tensor y = empty(shape, x.dtype());
  dispatch(x.dtype(), [&](auto t) {
    using T = decltype(t);
    T* out = mutable_data<T>(y);
    if (in.size() > 2) {
      const T* bias = in[2].node()->data<T>();
      for (int64_t r = 0; r < rows; ++r) std::copy_n(bias, outputs, out + r * outputs);
    }
    gemm(false, true, rows, outputs, inputs, x.node()->data<T>(), weight.node()->data<T>(), in.size() > 2 ? T(1) : T(0),
         out);
  });
  return y;
}

// Inputs x, W and, if there is one, b.
const Op linear_op = [] {
  Op op{"linear", Kind::general, nullptr, nullptr, nullptr};
  op.forward = [](std::span<const Tensor> in, const Attributes&) { return linear_value(in); };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const Tensor &x = call.inputs[0], &weight = call.inputs[1];
    const Tensor rows = reshape(w, {x.shape().outer(x.rank() - 1), weight.dim(0)});
    if (result.wanted(0)) result.set(0, reshape(matmul(rows, weight), x.shape()));
    if (result.wanted(1)) result.set(1, matmul(rows, reshape(x, {rows.dim(0), weight.dim(1)}), {true, false}));
    if (call.inputs.size() > 2 && result.wanted(2)) result.set(2, sum_to(w, {weight.dim(0)}));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y(call.output);
    const int order = std::max({in[0].order(), in[1].order(), in.size() > 2 ? in[2].order() : 0});
    const auto product = [](const Tensor& x, const Tensor& weight) { return linear(x, weight); };
    for (int k = 1; k <= order; ++k) {
      Tensor c = detail::convolve(in[0], in[1], k, product);
      if (in.size() > 2 && in[2].at(k).defined()) accumulate(c, broadcast_to(in[2].at(k), call.output.shape()));
      y.c.push_back(std::move(c));
    }
    return y;
  };
  return op;
}();

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, const MatmulOptions& options) {
  if (a.defined() && b.defined()) Product(a.shape(), b.shape(), options);
  return apply(matmul_op, {a, b}, attributes(options));
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (x.defined() && weight.defined()) {
    if (weight.rank() != 2)
      fail<ShapeError>("linear", "the weight has shape ", weight.shape(), ". It must be (out, in).");
    if (x.rank() < 1 || x.dim(-1) != weight.dim(1))
      fail<ShapeError>("linear", "x of shape ", x.shape(), " does not fit a weight of shape ", weight.shape(),
                       ": its last axis must be ", weight.dim(1), ".");
    if (bias.defined() && bias.shape() != Shape{weight.dim(0)})
      fail<ShapeError>("linear", "the bias has shape ", bias.shape(), ". It must be (", weight.dim(0), ",).");
  }
  if (bias.defined()) return apply(linear_op, {x, weight, bias});
  return apply(linear_op, {x, weight});
}

std::vector<const Op*> matmul_ops() { return {&matmul_op, &linear_op}; }

}  // namespace dimwise
