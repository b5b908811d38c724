#include <cmath>

#include "nn/activation.hpp"
#include "nn/init.hpp"
#include "nn/layer_norm.hpp"
#include "nn/mlp.hpp"
#include "ops/elementwise.hpp"
#include "ops/matmul.hpp"
#include "tests/catch.hpp"

namespace dimwise::layers_tests {

TEST_CASE("Activations are found by name, and an unknown name lists them") {
  CHECK(activation_names().size() == 8);
  for (const std::string& n : activation_names()) CHECK(name(parse_activation(n)) == n);
  CHECK_THROWS_AS(parse_activation("Tanh"), ValueError);
  CHECK_THROWS_WITH(parse_activation("swish"), Catch::Contains("'swish'") && Catch::Contains("softplus"));
}

TEST_CASE("Each activation computes its function") {
  const Tensor x = tensor({-2, -0.5, 0, 1.5}, DType::float64);
  const auto same = [&](Activation a, const std::function<double(double)>& f) {
    const std::vector<double> in = x.values(), out = activate(a, x).values();
    for (size_t i = 0; i < in.size(); ++i) CHECK(out[i] == Approx(f(in[i])).margin(1e-15));
  };
  const auto sigma = [](double v) { return 1 / (1 + std::exp(-v)); };
  same(Activation::tanh, [](double v) { return std::tanh(v); });
  same(Activation::softplus, [](double v) { return std::log1p(std::exp(v)); });
  same(Activation::silu, [&](double v) { return v * sigma(v); });
  same(Activation::sigmoid, sigma);
  same(Activation::elu, [](double v) { return v > 0 ? v : std::expm1(v); });
  same(Activation::relu, [](double v) { return v > 0 ? v : 0; });
  same(Activation::gelu, [](double v) { return v * std::erfc(-v / std::sqrt(2)) / 2; });
  same(Activation::sin, [](double v) { return std::sin(v); });
}

TEST_CASE("Only elu and relu are not smooth") {
  for (const std::string& n : activation_names()) CHECK(smooth(parse_activation(n)) == (n != "elu" && n != "relu"));
}

TEST_CASE("An MLP applies its layers with the activation between them") {
  const Mlp net({3, 5, 2}, Activation::tanh, Rng(1), DType::float64);
  const Tensor x = Rng(2).normal({7, 3}, DType::float64);
  CHECK(net(x).shape() == Shape{7, 2});
  CHECK(net(x).values() == net.layers[1](tanh(net.layers[0](x))).values());
  CHECK(net.layers[0].weight.shape() == Shape{5, 3});
  CHECK_THROWS_AS(Mlp({3}, Activation::tanh, Rng(0)), ValueError);
  CHECK_THROWS_AS(net(ones({7, 4}, DType::float64)), ShapeError);
}

TEST_CASE("LayerNorm gives each row mean 0 and variance 1, then weight and bias") {
  LayerNorm norm(4, DType::float64);
  norm.weight = tensor({1, 1, 1, 2}, DType::float64);
  norm.bias = tensor({0, 0, 0, 5}, DType::float64);
  const std::vector<double> y = norm(tensor({1, 2, 3, 4, 10, 20, 30, 40}, {2, 4}, DType::float64)).values();
  const double unit = 1 / std::sqrt(1.25 + 1e-5);
  CHECK(y[0] == Approx(-1.5 * unit));
  CHECK(y[3] == Approx(5 + 2 * 1.5 * unit));
  CHECK(y[4] == Approx(-15 / std::sqrt(125 + 1e-5)));
  CHECK_THROWS_AS(norm(ones({2, 3}, DType::float64)), ShapeError);
}

TEST_CASE("Initial values have the spread of their formulas") {
  const Shape shape{60, 50, 2};  // fan-in 100, fan-out 120
  for (const DType dtype : {DType::float32, DType::float64}) {
    const auto check = [&](const Tensor& w, double deviation, double bound) {
      REQUIRE(w.shape() == shape);
      REQUIRE(w.dtype() == dtype);
      double mean = 0, square = 0, largest = 0;
      for (const double v : w.values()) {
        mean += v / 6000;
        square += v * v / 6000;
        largest = std::max(largest, std::abs(v));
      }
      CHECK(std::abs(mean) < 5 * deviation / std::sqrt(6000.0));
      CHECK(std::sqrt(square) == Approx(deviation).epsilon(0.05));
      if (bound > 0) {
        CHECK(largest <= bound * (1 + 1e-6));
        CHECK(largest > 0.99 * bound);
      }
    };
    const double u = std::sqrt(6 / 220.0), k = std::sqrt(3 / 100.0);
    check(xavier_uniform(shape, Rng(1), dtype), u / std::sqrt(3), u);
    check(xavier_normal(shape, Rng(1), dtype, 2), 2 * std::sqrt(2 / 220.0), 0);
    check(kaiming_uniform(shape, Rng(1), dtype, 1), k / std::sqrt(3), k);
    check(kaiming_normal(shape, Rng(1), dtype), std::sqrt(2 / 100.0), 0);
  }
  CHECK_THROWS_AS(xavier_uniform({3}, Rng(0)), ShapeError);
}

TEST_CASE("Orthogonal weights have orthonormal rows or columns") {
  for (const Shape& shape : {Shape{4, 7}, Shape{7, 4}, Shape{5, 5}}) {
    const Tensor w = orthogonal(shape, Rng(3), DType::float64, 2);
    REQUIRE(w.shape() == shape);
    const bool wide = shape[0] < shape[1];
    const std::vector<double> g = matmul(w, w, {.transpose_a = !wide, .transpose_b = wide}).values(),
                              one = eye(std::min(shape[0], shape[1])).values();
    for (size_t i = 0; i < g.size(); ++i) CHECK(g[i] == Approx(4 * one[i]).margin(1e-13));
  }
  CHECK(orthogonal({3, 3}, Rng(1)).values() != orthogonal({3, 3}, Rng(2)).values());
}

}  // namespace dimwise::layers_tests
