#include "nn/made.hpp"

#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::made_tests {

namespace {

// Whether y[i, k] depends on x[j] if and only if j comes before i in the order.
void check_autoregressive(int64_t d, int64_t outputs, const std::vector<int64_t>& hidden,
                          const std::vector<int64_t>& order, int64_t context = 0) {
  const Rng rng(11);
  const Made net(
      {.d = d, .hidden = hidden, .outputs = outputs, .order = order, .context = context, .dtype = DType::float64}, rng);
  const Tensor x = rng.split("x").normal({d}, DType::float64);
  const Tensor c = context > 0 ? rng.split("c").normal({context}, DType::float64) : Tensor();
  const Tensor j = jacobian([&](const Tensor& v) { return net(v, c); }, x);
  REQUIRE(j.shape() == Shape{d, outputs, d});
  std::vector<int64_t> place(static_cast<size_t>(d));
  for (int64_t k = 0; k < d; ++k) place[static_cast<size_t>(order.empty() ? k : order[static_cast<size_t>(k)])] = k;
  const std::vector<double> values = j.values();
  for (int64_t i = 0; i < d; ++i)
    for (int64_t k = 0; k < outputs; ++k)
      for (int64_t c = 0; c < d; ++c) {
        INFO("output " << i << ", " << k << " of input " << c);
        const bool sees = place[static_cast<size_t>(c)] < place[static_cast<size_t>(i)];
        CHECK((values[static_cast<size_t>((i * outputs + k) * d + c)] != 0) == sees);
      }
}

}  // namespace

TEST_CASE("Each output of a MADE depends on exactly the inputs before it in the order") {
  check_autoregressive(4, 1, {16}, {});
  check_autoregressive(4, 3, {16, 16}, {});
  check_autoregressive(5, 2, {24, 12}, {3, 0, 4, 1, 2});
  check_autoregressive(2, 2, {3}, {1, 0});
  check_autoregressive(1, 2, {3}, {});
}

TEST_CASE("A MADE with a context is autoregressive") {
  check_autoregressive(4, 1, {16}, {}, 3);
  check_autoregressive(5, 2, {24, 12}, {3, 0, 4, 1, 2}, 2);
  check_autoregressive(1, 2, {3}, {}, 1);
}

TEST_CASE("The context reaches every output") {
  const Rng rng(2);
  const Made net({.d = 3, .outputs = 2, .context = 4, .dtype = DType::float64}, rng);
  const Tensor x = rng.split("x").normal({5, 3}, DType::float64), c = rng.split("c").normal({5, 4}, DType::float64);
  CHECK(net(x, c).shape() == Shape{5, 3, 2});
  CHECK(net(x, rng.split("one").normal({4}, DType::float64)).shape() == Shape{5, 3, 2});
  const Tensor j = jacobian([&](const Tensor& v) { return net(row(x, 0), v); }, row(c, 0));
  for (const double v : j.values()) CHECK(v != 0);
  CHECK_THROWS_WITH(net(x), Catch::Contains("context is missing"));
  const Made without({.d = 3}, rng);
  CHECK_THROWS_AS(without(ones({5, 3}), ones({5, 4})), ValueError);
  CHECK_THROWS_AS(without(ones({5, 4})), ShapeError);
}

TEST_CASE("A prepared MADE gives the same values and gradients of the weights") {
  const Rng rng(2);
  const Made net({.d = 3, .dtype = DType::float64}, rng);
  const Tensor x = rng.split("x").normal({5, 3}, DType::float64);
  CHECK(net.prepare()(x).values() == net(x).values());
  const auto plain = value_and_grad([&](const Made& m) { return sum(m(x)) + sum(m(x)); }, net);
  const auto once = value_and_grad(
      [&](const Made& m) {
        const PreparedMade ready = m.prepare();
        return sum(ready(x)) + sum(ready(x));
      },
      net);
  const std::vector<double> a = plain.second.layers[0].weight.values(), b = once.second.layers[0].weight.values();
  for (size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).margin(1e-14));
}

TEST_CASE("The default width reaches every input before an output") {
  for (const int64_t d : {1, 2, 3, 64, 65, 100})
    for (const bool context : {false, true}) {
      const Made net({.d = d, .context = context ? 2 : 0}, Rng(0));
      // The number of paths from an input to an output.
      Tensor paths = eye(d);
      for (const MaskedLinear& layer : net.layers) paths = matmul(layer.mask.value, paths);
      const std::vector<double> v = paths.values();
      for (int64_t i = 0; i < d; ++i)
        for (int64_t j = 0; j < d; ++j) CHECK((v[static_cast<size_t>(i * d + j)] > 0) == (j < i));
    }
}

TEST_CASE("Masks reject invalid sizes and orders") {
  CHECK_THROWS_AS(made_masks(0, {4}), ValueError);
  CHECK_THROWS_AS(made_masks(3, {0}), ValueError);
  CHECK_THROWS_AS(made_masks(3, {4}, 0), ValueError);
  CHECK_THROWS_WITH(made_masks(3, {4}, 1, {0, 1, 1}), Catch::Contains("each of the dimensions 0 to 2 once"));
  CHECK_THROWS_AS(made_masks(3, {4}, 1, {0, 1}), ValueError);
  CHECK_THROWS_AS(made_masks(3, {4}, 1, {0, 1, 3}), ValueError);
}

}  // namespace dimwise::made_tests
