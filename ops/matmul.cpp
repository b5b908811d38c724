#include "ops/matmul.hpp"

#include "autodiff/base/error.hpp"
#include "autodiff/detail/rules.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/all_ops.hpp"
#include "ops/detail/gemm.hpp"
#include "ops/detail/series.hpp"

namespace dimwise {

namespace {

// Lengths and batch of a product; throws if they do not fit.
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
  Shape shape() const {
    Shape result = batch;
    result.push_back(m);
    result.push_back(n);
    return result;
  }
  // If the whole batch shares a matrix b, it is one product with the batch folded into m.
  bool folds(const MatmulOptions& o) const {
    return batch_b.size() == 1 && !o.transpose_a && batch_a.size() == batch.size();
  }
};

Tensor product_value(const Tensor& a, const Tensor& b, const MatmulOptions& o) {
  const Product p(a.shape(), b.shape(), o);
  Tensor y = empty(p.shape(), a.dtype());
  dispatch(a.dtype(), [&](auto t) {
    using T = decltype(t);
    const T *pa = a.node()->data<T>(), *pb = b.node()->data<T>();
    T* out = mutable_data<T>(y);
    if (p.folds(o)) return gemm(o.transpose_a, o.transpose_b, p.batch.size() * p.m, p.n, p.k, pa, pb, T(0), out);
    // The same iteration as for elementwise ops, over matrices instead of numbers.
    const Shape* const batches[] = {&p.batch_a, &p.batch_b};
    const Broadcast plan(p.batch, batches);
    plan.walk(plan.rank, [&](const int64_t* at) {
      for (int64_t i = 0; i < plan.row; ++i, out += p.m * p.n)
        gemm(o.transpose_a, o.transpose_b, p.m, p.n, p.k, pa + (at[0] + (plan.moves[0] ? i : 0)) * p.m * p.k,
             pb + (at[1] + (plan.moves[1] ? i : 0)) * p.k * p.n, T(0), out);
    });
  });
  return y;
}

Tensor flat(const Tensor& x) { return reshape(x, {x.shape().outer(x.rank() - 1), x.dim(-1)}); }

// A direction as rows of the last axis of `full`, with the batch folded in: one row if it is the same for all.
Tensor rows_of(const Tensor& w, const Shape& full) {
  if (w.rank() == 2 && w.dim(1) == full.dim(-1) && (w.dim(0) == 1 || w.shape() == full)) return w;
  if (w.rank() > 0 && w.size() != w.dim(-1)) return flat(broadcast_to(w, full));
  return reshape(broadcast_to(reshape(w, {w.size()}), {full.dim(-1)}), {1, full.dim(-1)});
}
// How many times a row of `rows` is repeated in `full`.
int64_t repeats(const Tensor& rows, const Shape& full) { return rows.dim(0) == 1 ? full.outer(full.rank() - 1) : 1; }
// Σ over the rows of x.
Tensor total(const Tensor& x, int64_t repeated) { return repeated == 1 ? x : sum_to(x, {1, x.dim(-1)}); }

constexpr Op matmul_record = record::bilinear<MatmulOptions>(
    "matmul", [](const Tensor& a, const Tensor& b, const MatmulOptions& o) { return product_value(a, b, o); },
    [](const Tensor& w_any, const Tensor& a, const Tensor& b, const MatmulOptions& o) {
      const Product p(a.shape(), b.shape(), o);
      if (p.folds(o) && b.rank() == 2 && w_any.size() < p.shape().size()) {
        const Tensor rows = rows_of(w_any, p.shape());
        if (repeats(rows, p.shape()) > 1) return reshape(matmul(rows, b, {false, !o.transpose_b}), {p.k});
      }
      const Tensor w = broadcast_to(w_any, p.shape());
      const Tensor g = o.transpose_a ? matmul(b, w, {o.transpose_b, true}) : matmul(w, b, {false, !o.transpose_b});
      return sum_to(g, a.shape());
    },
    [](const Tensor& w_any, const Tensor& a, const Tensor& b, const MatmulOptions& o) {
      const Product p(a.shape(), b.shape(), o);
      if (p.folds(o) && b.size() > 0 && a.size() > 0) {
        const Tensor cotangents = rows_of(w_any, p.shape()), rows = total(flat(a), repeats(cotangents, p.shape()));
        const Tensor g =
            o.transpose_b ? matmul(cotangents, rows, {true, false}) : matmul(rows, cotangents, {true, false});
        return reshape(g, b.shape());
      }
      const Tensor w = broadcast_to(w_any, p.shape());
      const Tensor g = o.transpose_b ? matmul(w, a, {true, o.transpose_a}) : matmul(a, w, {!o.transpose_a, false});
      return sum_to(g, b.shape());
    });

const Op matmul_op = [] {
  Op op = matmul_record;
  op.broadcasts = true;
  op.jet = [](const Call& call, std::span<const Series> in) {
    std::vector<Series> full(in.begin(), in.end());
    for (Series& s : full) s.expand();
    return matmul_record.jet(call, full);
  };
  return op;
}();

// The inputs of a call are x₁, W₁, x₂, W₂, …, and optionally b.
size_t terms(std::span<const Tensor> in) { return in.size() / 2; }
bool has_bias(std::span<const Tensor> in) { return in.size() % 2 == 1; }

Tensor linear_value(std::span<const Tensor> in) {
  constexpr int64_t large = 1 << 19, part_size = 1 << 16;
  const Tensor& x = in[0];
  const int64_t outputs = in[1].dim(0), rows = x.shape().outer(x.rank() - 1);
  Tensor y = empty(x.shape().with_last(outputs), x.dtype());
  dispatch(x.dtype(), [&](auto t) {
    using T = decltype(t);
    T* out = mutable_data<T>(y);
    // The rows are initialized to b, or to b + x_i w_i if a term has only one input: one pass.
    const T* bias = has_bias(in) ? in.back().node()->data<T>() : nullptr;
    size_t single = 0;
    while (single < terms(in) && (!bias || in[2 * single + 1].dim(1) != 1)) ++single;
    const T* x1 = single < terms(in) ? in[2 * single].node()->data<T>() : nullptr;
    const T* w1 = x1 ? in[2 * single + 1].node()->data<T>() : nullptr;
    // A large result is computed part by part, each while it is in the cache.
    const int64_t part = rows * outputs <= large ? rows : std::max<int64_t>(part_size / outputs, 512);
    for (int64_t begin = 0; begin < rows; begin += part) {
      const int64_t end = std::min(rows, begin + part);
      for (int64_t r = begin; bias && r < end; ++r) {
        if (x1)
          for (int64_t j = 0; j < outputs; ++j) out[r * outputs + j] = bias[j] + x1[r] * w1[j];
        else
          std::copy_n(bias, outputs, out + r * outputs);
      }
      for (size_t i = 0; i < terms(in); ++i) {
        const int64_t inputs = in[2 * i + 1].dim(1);
        if (i != single)
          gemm(false, true, end - begin, outputs, inputs, in[2 * i].node()->data<T>() + begin * inputs,
               in[2 * i + 1].node()->data<T>(), bias || i > 0 ? T(1) : T(0), out + begin * outputs);
      }
    }
  });
  return y;
}

const Op linear_op = [] {
  Op op{"linear"};
  op.reads_output = false;
  op.broadcasts = true;
  op.forward = [](std::span<const Tensor> in, const Attributes&) { return linear_value(in); };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const Shape& full = call.output.shape();
    const Tensor rows = rows_of(w, full);
    const int64_t repeated = repeats(rows, full);
    for (size_t i = 0; i < terms(call.inputs); ++i) {
      const Tensor &x = call.inputs[2 * i], &weight = call.inputs[2 * i + 1];
      const int64_t inputs = weight.dim(1);
      if (result.wanted(2 * i)) {
        const Tensor g = matmul(rows, weight);
        result.set(2 * i, repeated != 1 ? reshape(g, {inputs}) : reshape(g, x.shape()));
      }
      if (result.wanted(2 * i + 1)) result.set(2 * i + 1, matmul(rows, total(flat(x), repeated), {true, false}));
    }
    if (has_bias(call.inputs) && result.wanted(call.inputs.size() - 1))
      result.set(call.inputs.size() - 1, scale(sum_to(rows, {full.dim(-1)}), static_cast<double>(repeated)));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    Series y(call.output);
    // x may be one row for all; its last axis and the weight must have full size.
    const auto product = [&](size_t i) {
      return [&call, i](const Tensor& x, const Tensor& weight) {
        const Tensor& w0 = call.inputs[2 * i + 1];
        const int64_t inputs = w0.dim(1);
        const Tensor row = x.rank() == 0 ? broadcast_to(x, {inputs}) : broadcast_to(x, x.shape().with_last(inputs));
        return linear(row, broadcast_to(weight, w0.shape()));
      };
    };
    const int order = max_order(in);
    for (int k = 1; k <= order; ++k) {
      Tensor c;
      for (size_t i = 0; i < terms(call.inputs); ++i) {
        Tensor term = detail::convolve(in[2 * i], in[2 * i + 1], k, product(i));
        if (term.defined()) accumulate(c, std::move(term));
      }
      if (has_bias(call.inputs) && in.back().at(k).defined()) accumulate(c, in.back().at(k));
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

namespace {
void check_term(const Tensor& x, const Tensor& weight) {
  if (!x.defined() || !weight.defined()) return;  // check_inputs reports it
  if (weight.rank() != 2)
    fail<ShapeError>("linear", "the weight has shape ", weight.shape(), ". It must be (out, in).");
  if (x.rank() < 1 || x.dim(-1) != weight.dim(1))
    fail<ShapeError>("linear", "x of shape ", x.shape(), " does not fit a weight of shape ", weight.shape(),
                     ": its last axis must be ", weight.dim(1), ".");
}
void check_bias(const Tensor& weight, const Tensor& bias) {
  if (weight.defined() && bias.shape() != Shape{weight.dim(0)})
    fail<ShapeError>("linear", "the bias has shape ", bias.shape(), ". It must be (", weight.dim(0), ",).");
}
}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_term(x, weight);
  if (!bias.defined()) return apply(linear_op, {x, weight});
  check_bias(weight, bias);
  return apply(linear_op, {x, weight, bias});
}

Tensor linear(const Tensor& x1, const Tensor& weight1, const Tensor& x2, const Tensor& weight2, const Tensor& bias) {
  check_term(x1, weight1);
  check_term(x2, weight2);
  check_bias(weight1, bias);
  if (x1.defined() && x2.defined() && x1.shape().with_last(1) != x2.shape().with_last(1))
    fail<ShapeError>("linear", "x of shapes ", x1.shape(), " and ", x2.shape(),
                     " differ before their last axis. Broadcast one.");
  if (weight1.defined() && weight2.defined() && weight1.dim(0) != weight2.dim(0))
    fail<ShapeError>("linear", "weights of shapes ", weight1.shape(), " and ", weight2.shape(),
                     " have different numbers of outputs.");
  return apply(linear_op, {x1, weight1, x2, weight2, bias});
}

std::vector<const Op*> matmul_ops() { return {&matmul_op, &linear_op}; }

}  // namespace dimwise
