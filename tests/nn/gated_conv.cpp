#include "nn/gated_conv.hpp"

#include <cmath>

#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/nn/unvisited.hpp"

namespace dimwise::gated_conv_tests {

namespace {

constexpr DType f64 = DType::float64;

double sigma(double x) { return 1 / (1 + std::exp(-x)); }

// Gradients of a loss of the layer with respect to x and every parameter, against finite differences; none is zero.
template <class Layer>
void check_layer(const Layer& layer, const Tensor& x) {
  std::vector<Tensor> inputs{x};
  for (const Tensor& p : parameters(layer)) inputs.push_back(p);
  REQUIRE(inputs.size() == 5);
  const auto f = [&](const std::vector<Tensor>& in) {
    size_t next = 1;
    return map_parameters(layer, [&](const std::string&, const Tensor&) { return in[next++]; })(in[0]);
  };
  check_grads(f, inputs);
  std::vector<Tensor> leaves;
  for (const Tensor& t : inputs) leaves.push_back(track(t));
  for (const Tensor& g : grad(sum(square(f(leaves))), leaves)) CHECK(max(abs(g)).item() > 0);
  CHECK(unvisited<Layer>(layer, [&](const Layer& m) { return m(x); }, {x}).empty());
}

}  // namespace

TEST_CASE("A gated convolution is one convolution times the sigmoid of another") {
  GatedConv2d layer(1, 1, {1, 2}, Rng(0), {.stride = {1, 2}}, f64);
  layer.value.weight = tensor({2, -1}, {1, 1, 1, 2}, f64);
  layer.value.bias = tensor({0.5}, f64);
  layer.gate.weight = tensor({1, 3}, {1, 1, 1, 2}, f64);
  layer.gate.bias = tensor({-0.25}, f64);
  const Tensor y = layer(tensor({1, 2, -1, 0.5}, {1, 1, 1, 4}, f64));
  REQUIRE(y.shape() == Shape{1, 1, 1, 2});
  CHECK(y.values()[0] == Approx((2 - 2 + 0.5) * sigma(1 + 6 - 0.25)));
  CHECK(y.values()[1] == Approx((-2 - 0.5 + 0.5) * sigma(-1 + 1.5 - 0.25)));
}

TEST_CASE("A gated transposed convolution is one transposed convolution times the sigmoid of another") {
  GatedConvTranspose2d layer(1, 1, {1, 2}, Rng(0), {.stride = {1, 2}, .output_padding = {0, 1}}, f64);
  layer.value.weight = tensor({2, -1}, {1, 1, 1, 2}, f64);
  layer.value.bias = tensor({0.5}, f64);
  layer.gate.weight = tensor({1, 3}, {1, 1, 1, 2}, f64);
  layer.gate.bias = tensor({-0.25}, f64);
  const Tensor y = layer(tensor({1, -2}, {1, 1, 1, 2}, f64));
  REQUIRE(y.shape() == Shape{1, 1, 1, 5});
  const std::vector<double> value{2.5, -0.5, -3.5, 2.5, 0.5}, gate{0.75, 2.75, -2.25, -6.25, -0.25};
  for (size_t i = 0; i < 5; ++i) CHECK(y.values()[i] == Approx(value[i] * sigma(gate[i])));
}

TEST_CASE("Gated convolutions have correct gradients with respect to x and all four parameters") {
  const Rng rng(3);
  check_layer(GatedConv2d(2, 3, 3, rng, {.stride = 2, .padding = 1}, f64), rng.split("x").normal({2, 2, 5, 4}, f64));
  check_layer(GatedConvTranspose2d(2, 3, 3, rng, {.stride = 2, .padding = 1, .output_padding = 1}, f64),
              rng.split("x").normal({2, 2, 3, 2}, f64));
}

TEST_CASE("Gated convolutions have the given options, names and two streams of initial values") {
  const GatedConv2d down(1, 32, 5, Rng(1), {.stride = 2, .padding = 2});
  CHECK(down(ones({2, 1, 28, 28})).shape() == Shape{2, 32, 14, 14});
  const GatedConvTranspose2d up(32, 1, 5, Rng(1), {.stride = 2, .padding = 2, .output_padding = 1});
  CHECK(up(ones({2, 32, 14, 14})).shape() == Shape{2, 1, 28, 28});
  std::vector<std::string> names;
  for (const auto& [name, t] : named_parameters(up)) names.push_back(name);
  CHECK(names == std::vector<std::string>{"value.weight", "value.bias", "gate.weight", "gate.bias"});
  CHECK(down.value.weight.values() != down.gate.weight.values());
  CHECK(up.value.weight.values() != up.gate.weight.values());
  CHECK_THROWS_AS(down(ones({2, 3, 28, 28})), ShapeError);
  CHECK_THROWS_AS(up(ones({2, 3, 14, 14})), ShapeError);
}

}  // namespace dimwise::gated_conv_tests
