#include "ops/block_linear.hpp"

#include "autodiff/transforms.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::blocks_tests {

using namespace dimwise::table;

namespace {

// Blocks of a (4, 3) matrix; (2, 0), (3, 0) and (0, 1) are outside.
Blocks blocks() {
  return std::make_shared<const std::vector<Block>>(
      std::vector<Block>{{0, 1, 0, 1}, {0, 1, 2, 3}, {1, 2, 0, 3}, {2, 4, 1, 3}});
}

// 1 on the blocks.
Tensor mask_of(const Blocks& blocks, const Shape& shape) {
  std::vector<double> values(static_cast<size_t>(shape.size()), 0);
  for (const Block& b : *blocks)
    for (int64_t r = b.row_begin; r < b.row_end; ++r)
      for (int64_t c = b.column_begin; c < b.column_end; ++c) values[static_cast<size_t>(r * shape[1] + c)] += 1;
  return tensor(values, shape, DType::float64);
}

// A mask like that of an autoregressive layer in two halves.
Tensor triangular(int64_t rows, int64_t columns) {
  std::vector<double> values;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) {
      const int64_t half = columns / 2, degree = (c % half) * rows / half;
      values.push_back(c < half ? degree <= r : degree >= r);
    }
  return tensor(values, {rows, columns}, DType::float64);
}

}  // namespace

std::vector<Entry> entries() {
  const std::vector<Inputs> samples{{normal({2, 3}, 1), normal({4, 3}, 2), normal({4}, 3)},
                                    {normal({2, 5, 3}, 1), normal({4, 3}, 2), normal({4}, 3)},
                                    {normal({0, 3}, 1), normal({4, 3}, 2), normal({4}, 3)}};
  return {{"block_linear",
           {"block_linear"},
           [](const Inputs& in) {
             return block_linear(in[0], in[1], in[2], blocks()) + block_linear(in[0], in[1], Tensor(), blocks());
           },
           samples,
           nullptr,
           {{[] {
               block_linear(zeros({2, 3}), zeros({3}), Tensor(), blocks());
             },
             "[block_linear] the weight has shape (3,). It must be (out, in)."},
            {[] {
               block_linear(zeros({2, 3}), zeros({4, 4}), Tensor(), blocks());
             },
             "[block_linear] x of shape (2, 3) does not fit a weight of shape (4, 4): its last axis must be 4."},
            {[] {
               block_linear(zeros({2, 3}), zeros({3, 3}), Tensor(), blocks());
             },
             "[block_linear] a block reaches beyond a weight of shape (3, 3). Use the blocks of this weight's mask."},
            {[] {
               block_linear(zeros({2, 3}), zeros({4, 3}), zeros({3}), blocks());
             },
             "[block_linear] the bias has shape (3,). It must be (4,)."},
            {[] { mask_blocks(zeros({3})); }, "[mask_blocks] the mask has shape (3,). It must be a matrix."}}},
          // The two other products, tested as its adjoints.
          {"block_linear",
           {"block_input", "block_weight"},
           [](const Inputs& in) {
             const Tensor w = block_linear(in[0], in[1], in[2], blocks());
             const auto by_x = [&](const Tensor& x) { return block_linear(x, in[1], in[2], blocks()); };
             const auto by_weight = [&](const Tensor& weight) { return block_linear(in[0], weight, in[2], blocks()); };
             return sum(square(vjp(by_x, in[0], w).second)) + sum(square(vjp(by_weight, in[1], w).second));
           },
           samples}};
}

TEST_CASE("block_linear is linear with the weight masked by the blocks") {
  const Tensor x = normal({5, 3}, 1), weight = normal({4, 3}, 2), bias = normal({4}, 3);
  const std::vector<double> y = block_linear(x, weight, bias, blocks()).values(),
                            expected = linear(x, weight * mask_of(blocks(), {4, 3}), bias).values();
  for (size_t i = 0; i < y.size(); ++i) CHECK(y[i] == Approx(expected[i]).margin(1e-12));
}

TEST_CASE("the blocks of a mask cover it, do not overlap, and are returned only if they save work") {
  for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{1024, 256}, {300, 500}, {2048, 64}}) {
    const Tensor mask = triangular(rows, columns);
    const Blocks found = mask_blocks(mask);
    REQUIRE(found);
    const std::vector<double> wanted = mask.values(), covered = mask_of(found, mask.shape()).values();
    double area = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
      REQUIRE(covered[i] >= wanted[i]);
      REQUIRE(covered[i] <= 1);
      area += covered[i];
    }
    CHECK(area < 0.65 * static_cast<double>(mask.size()));
  }
  CHECK_FALSE(mask_blocks(ones({512, 512})));
  CHECK_FALSE(mask_blocks(triangular(100, 100)));  // too small to divide
  const Blocks none = mask_blocks(zeros({512, 512}));
  REQUIRE(none);
  CHECK(none->empty());
  CHECK(block_linear(ones({2, 512}), ones({512, 512}), Tensor(), none).values() == std::vector<double>(1024, 0));
}

TEST_CASE("a large block_linear and its gradients equal those of linear, in float32 too") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Tensor mask = astype(triangular(1024, 256), dtype), x = track(Rng(1).normal({64, 256}, dtype)),
                 weight = track(Rng(2).normal({1024, 256}, dtype)), bias = track(Rng(3).normal({1024}, dtype)),
                 w = Rng(4).normal({64, 1024}, dtype);
    const Tensor masked = weight * mask;
    const auto check = [&](const Tensor& a, const Tensor& b) {
      const std::vector<double> u = a.values(), v = b.values();
      double worst = 0, size = 0;
      for (size_t i = 0; i < u.size(); ++i) {
        worst = std::max(worst, std::abs(u[i] - v[i]));
        size = std::max(size, std::abs(v[i]));
      }
      CHECK(worst <= (dtype == DType::float32 ? 1e-5 : 1e-13) * size);
    };
    const Tensor y = block_linear(x, masked, bias, mask_blocks(mask)), plain = linear(x, masked, bias);
    check(y, plain);
    const std::vector<Tensor> g = grad(sum(y * w), {x, weight, bias}),
                              expected = grad(sum(plain * w), {x, weight, bias});
    for (size_t i = 0; i < g.size(); ++i) check(g[i], expected[i]);
  }
}

}  // namespace dimwise::blocks_tests
