#include "ops/block_linear.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/detail/rules.hpp"
#include "ops/detail/all_ops.hpp"
#include "ops/detail/gemm.hpp"

namespace dimwise {

namespace {

int64_t rows_of(const Tensor& x) { return x.shape().outer(x.rank() - 1); }

// The three products of W's blocks; each one's adjoints are the other two.

Tensor input_product(const Tensor& g, const Tensor& weight, const Blocks& blocks);
Tensor weight_product(const Tensor& g, const Tensor& x, const Blocks& blocks);

template <class T>
void add_products(const Tensor& x, const Tensor& weight, const Blocks& blocks, T* out) {
  const int64_t outputs = weight.dim(0), inputs = weight.dim(1), rows = rows_of(x);
  for (const Block& b : *blocks)
    gemm(false, true, rows, b.row_end - b.row_begin, b.column_end - b.column_begin,
         x.node()->data<T>() + b.column_begin, inputs, weight.node()->data<T>() + b.row_begin * inputs + b.column_begin,
         inputs, T(1), out + b.row_begin, outputs);
}

// Inputs: x, W and optionally b.
const Op block_linear_op = [] {
  Op op{"block_linear"};
  op.reads_output = false;
  op.forward = [](std::span<const Tensor> in, const Attributes& attributes) {
    const int64_t outputs = in[1].dim(0), rows = rows_of(in[0]);
    Tensor y = empty(in[0].shape().with_last(outputs), in[0].dtype());
    dispatch(y.dtype(), [&](auto t) {
      using T = decltype(t);
      T* out = mutable_data<T>(y);
      for (int64_t r = 0; r < rows; ++r)
        if (in.size() > 2)
          std::copy_n(in[2].node()->data<T>(), outputs, out + r * outputs);
        else
          std::fill_n(out + r * outputs, outputs, T(0));
      add_products(in[0], in[1], as<Blocks>(attributes), out);
    });
    return y;
  };
  op.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    const Blocks& blocks = as<Blocks>(call.attributes);
    const Tensor &x = call.inputs[0], &weight = call.inputs[1];
    if (result.wanted(0)) result.set(0, input_product(w, weight, blocks));
    if (result.wanted(1)) result.set(1, weight_product(w, x, blocks));
    if (call.inputs.size() > 2 && result.wanted(2)) result.set(2, sum_to(w, {weight.dim(0)}));
  };
  op.jet = [](const Call& call, std::span<const Series> in) {
    const Blocks& blocks = as<Blocks>(call.attributes);
    Series y(call.output);
    const int order = std::max({in[0].order(), in[1].order(), in.size() > 2 ? in[2].order() : 0});
    const auto product = [&](const Tensor& x, const Tensor& w) { return block_linear(x, w, Tensor(), blocks); };
    for (int k = 1; k <= order; ++k) {
      Tensor c = detail::convolve(in[0], in[1], k, product);
      if (in.size() > 2 && in[2].at(k).defined()) accumulate(c, in[2].at(k));
      y.c.push_back(std::move(c));
    }
    return y;
  };
  return op;
}();

// g W: the cotangent of x from the output's cotangent.
const Op block_input_op = record::bilinear<Blocks>(
    "block_input",
    [](const Tensor& g, const Tensor& weight, const Blocks& blocks) {
      const int64_t outputs = weight.dim(0), inputs = weight.dim(1), rows = rows_of(g);
      Tensor y = zeros(g.shape().with_last(inputs), g.dtype());
      dispatch(y.dtype(), [&](auto t) {
        using T = decltype(t);
        for (const Block& b : *blocks)
          gemm(false, false, rows, b.column_end - b.column_begin, b.row_end - b.row_begin,
               g.node()->data<T>() + b.row_begin, outputs,
               weight.node()->data<T>() + b.row_begin * inputs + b.column_begin, inputs, T(1),
               mutable_data<T>(y) + b.column_begin, inputs);
      });
      return y;
    },
    [](const Tensor& w, const Tensor&, const Tensor& weight, const Blocks& blocks) {
      return block_linear(w, weight, Tensor(), blocks);
    },
    [](const Tensor& w, const Tensor& g, const Tensor&, const Blocks& blocks) { return weight_product(g, w, blocks); });

// gᵀ x on the blocks, zero elsewhere: the cotangent of W.
const Op block_weight_op = record::bilinear<Blocks>(
    "block_weight",
    [](const Tensor& g, const Tensor& x, const Blocks& blocks) {
      const int64_t outputs = g.dim(-1), inputs = x.dim(-1), rows = rows_of(x);
      Tensor y = zeros({outputs, inputs}, g.dtype());
      dispatch(y.dtype(), [&](auto t) {
        using T = decltype(t);
        for (const Block& b : *blocks)
          gemm(true, false, b.row_end - b.row_begin, b.column_end - b.column_begin, rows,
               g.node()->data<T>() + b.row_begin, outputs, x.node()->data<T>() + b.column_begin, inputs, T(0),
               mutable_data<T>(y) + b.row_begin * inputs + b.column_begin, inputs);
      });
      return y;
    },
    [](const Tensor& w, const Tensor&, const Tensor& x, const Blocks& blocks) {
      return block_linear(x, w, Tensor(), blocks);
    },
    [](const Tensor& w, const Tensor& g, const Tensor&, const Blocks& blocks) { return input_product(g, w, blocks); });

Tensor input_product(const Tensor& g, const Tensor& weight, const Blocks& blocks) {
  return apply(block_input_op, {g, weight}, attributes(blocks));
}
Tensor weight_product(const Tensor& g, const Tensor& x, const Blocks& blocks) {
  return apply(block_weight_op, {g, x}, attributes(blocks));
}

// The runs of columns used by a row in [begin, end) of the mask; runs less than `gap` apart are merged.
template <class T>
void runs(const T* mask, int64_t columns, int64_t begin, int64_t end, std::vector<Block>& blocks) {
  constexpr int64_t gap = 16;
  std::vector<T> used(static_cast<size_t>(columns), T(0));
  for (int64_t r = begin; r < end; ++r)
    for (int64_t c = 0; c < columns; ++c)
      used[static_cast<size_t>(c)] = std::max(used[static_cast<size_t>(c)], std::abs(mask[r * columns + c]));
  const size_t first = blocks.size();
  for (int64_t c = 0; c < columns; ++c) {
    if (used[static_cast<size_t>(c)] == 0) continue;
    if (blocks.size() > first && c - blocks.back().column_end < gap)
      blocks.back().column_end = c + 1;
    else
      blocks.push_back({begin, end, c, c + 1});
  }
}

}  // namespace

Blocks mask_blocks(const Tensor& mask) {
  if (mask.rank() != 2) fail<ShapeError>("mask_blocks", "the mask has shape ", mask.shape(), ". It must be a matrix.");
  constexpr int64_t smallest = 1 << 16, most_bands = 16, least_rows = 64;
  const int64_t rows = mask.dim(0), columns = mask.dim(1);
  if (mask.size() < smallest) return nullptr;
  const int64_t bands = std::clamp<int64_t>(rows / least_rows, 1, most_bands);
  std::vector<Block> blocks;
  dispatch(mask.dtype(), [&](auto t) {
    for (int64_t i = 0; i < bands; ++i)
      runs(mask.node()->data<decltype(t)>(), columns, i * rows / bands, (i + 1) * rows / bands, blocks);
  });
  int64_t area = 0;
  for (const Block& b : blocks) area += (b.row_end - b.row_begin) * (b.column_end - b.column_begin);
  if (4 * area > 3 * mask.size()) return nullptr;
  return std::make_shared<const std::vector<Block>>(std::move(blocks));
}

Tensor block_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Blocks& blocks) {
  if (x.defined() && weight.defined()) {
    if (weight.rank() != 2)
      fail<ShapeError>("block_linear", "the weight has shape ", weight.shape(), ". It must be (out, in).");
    if (x.rank() < 1 || x.dim(-1) != weight.dim(1))
      fail<ShapeError>("block_linear", "x of shape ", x.shape(), " does not fit a weight of shape ", weight.shape(),
                       ": its last axis must be ", weight.dim(1), ".");
    for (const Block& b : *blocks)
      if (b.row_end > weight.dim(0) || b.column_end > weight.dim(1))
        fail<ShapeError>("block_linear", "a block reaches beyond a weight of shape ", weight.shape(),
                         ". Use the blocks of this weight's mask.");
  }
  if (!bias.defined()) return apply(block_linear_op, {x, weight}, attributes(blocks));
  if (weight.defined() && bias.shape() != Shape{weight.dim(0)})
    fail<ShapeError>("block_linear", "the bias has shape ", bias.shape(), ". It must be (", weight.dim(0), ",).");
  return apply(block_linear_op, {x, weight, bias}, attributes(blocks));
}

std::vector<const Op*> block_ops() { return {&block_linear_op, &block_input_op, &block_weight_op}; }

}  // namespace dimwise
