// Planar, inverse autoregressive and Sylvester flows: log-determinants, volumes, gradients, errors.
#include <cmath>
#include <functional>
#include <string>

#include "hollow/flow/iaf.hpp"
#include "hollow/flow/planar.hpp"
#include "hollow/flow/sylvester.hpp"

#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/linalg.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::amortized_flows_tests {

namespace {

constexpr DType f64 = DType::float64;

double distance(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

AmortizedConfig small(int64_t d) {
  return {.d = d, .context = 3, .flows = 3, .columns = 2, .reflections = 2, .hidden = {6, 5}, .dtype = f64};
}

// Calls check(name, flow) for every flow of d dimensions.
template <class Check>
void each_flow(int64_t d, Check&& check) {
  const Rng rng(4);
  const AmortizedConfig config = small(d);
  check("planar", Planar(config, rng));
  check("iaf", Iaf(config, rng));
  check("sylvester orthogonal", Sylvester(SylvesterBasis::orthogonal, config, rng));
  check("sylvester householder", Sylvester(SylvesterBasis::householder, config, rng));
  check("sylvester triangular", Sylvester(SylvesterBasis::triangular, config, rng));
}

// Contexts with stronger deformations than those of an untrained encoder.
Tensor contexts(const Shape& shape) { return 1.5 * Rng(8).split("context").normal(shape, f64); }

}  // namespace

TEST_CASE("an amortized flow's log-determinant equals that of its brute-force Jacobian") {
  each_flow(5, [](const char* name, const auto& flow) {
    INFO(name);
    const Tensor z = Rng(9).normal({6, 5}, f64), c = contexts({6, 3});
    const FlowResult all = flow.to_data(z, c);
    REQUIRE(all.x.shape() == Shape{6, 5});
    REQUIRE(all.log_det.shape() == Shape{6});
    for (int64_t i = 0; i < 6; ++i) {
      const Tensor j = jacobian([&](const Tensor& x) { return flow.to_data(x, row(c, i)).x; }, row(z, i));
      CHECK(distance(logdet(j), row(all.log_det, i)) < 1e-9);
      CHECK(std::abs(row(all.log_det, i).item()) > 1e-3);
    }
  });
}

TEST_CASE("the density of an amortized flow integrates to one") {
  // Independent of the flow's determinant: the area of the images of small cells, by the shoelace formula.
  constexpr int64_t n = 350;
  constexpr double edge = 6.5, h = 2 * edge / n;
  std::vector<double> corners, centers;
  for (int64_t i = 0; i <= n; ++i)
    for (int64_t j = 0; j <= n; ++j) {
      for (const int64_t k : {i, j}) corners.push_back(-edge + h * static_cast<double>(k));
      if (i < n && j < n)
        for (const int64_t k : {i, j}) centers.push_back(-edge + h * (static_cast<double>(k) + 0.5));
    }
  const Tensor z0 = tensor(centers, {n * n, 2}, f64), c = contexts({3});
  const std::vector<double> log_base = (-0.5 * sum(square(z0), {-1}) - std::log(2 * M_PI)).values();
  each_flow(2, [&](const char* name, const auto& flow) {
    INFO(name);
    const std::vector<double> at = flow.to_data(tensor(corners, {(n + 1) * (n + 1), 2}, f64), c).x.values(),
                              log_det = flow.to_data(z0, c).log_det.values();
    const auto corner = [&](int64_t i, int64_t j) { return &at[static_cast<size_t>(2 * (i * (n + 1) + j))]; };
    double total = 0, least = 1, moved = 0;
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j) {
        const double *a = corner(i, j), *b = corner(i + 1, j), *e = corner(i + 1, j + 1), *f = corner(i, j + 1);
        const double area = 0.5 * ((e[0] - a[0]) * (f[1] - b[1]) - (f[0] - b[0]) * (e[1] - a[1]));
        const auto cell = static_cast<size_t>(i * n + j);
        const double mass = std::exp(log_base[cell] - log_det[cell]) * area;
        total += mass;
        least = std::min(least, area);
        moved = std::max(moved, std::abs(log_det[cell]));
      }
    CHECK(total == Approx(1).margin(1e-3));
    CHECK(least > 0);  // invertible everywhere
    CHECK(moved > 0.3);
  });
}

TEST_CASE("gradients of amortized flows are correct for z, the context and every parameter") {
  each_flow(3, [](const char* name, const auto& flow) {
    INFO(name);
    std::vector<Tensor> inputs{Rng(9).normal({2, 3}, f64), Rng(10).normal({2, 3}, f64)};
    for (const Tensor& p : parameters(flow)) inputs.push_back(p);
    const auto loss = [&](const std::vector<Tensor>& in) {
      size_t next = 2;
      const auto with = map_parameters(flow, [&](const std::string&, const Tensor&) { return in[next++]; });
      const FlowResult r = with.to_data(in[0], in[1]);
      return sum(square(r.x)) - sum(r.log_det);
    };
    CHECK(check_grads(loss, inputs).worst < 1e-6);
    std::vector<Tensor> leaves;
    for (const Tensor& t : inputs) leaves.push_back(track(t));
    for (const Tensor& g : grad(loss(leaves), leaves)) CHECK(max(abs(g)).item() > 0);
  });
}

TEST_CASE("the parameters are computed once for many points of one context") {
  each_flow(3, [](const char* name, const auto& flow) {
    INFO(name);
    const Tensor z = Rng(9).normal({4, 2, 3}, f64), c = contexts({2, 3});
    const FlowResult many = flow.to_data(z, c);
    REQUIRE(many.x.shape() == Shape{4, 2, 3});
    REQUIRE(many.log_det.shape() == Shape{4, 2});
    for (int64_t i = 0; i < 4; ++i) {
      const FlowResult one = flow.to_data(row(z, i), c);
      CHECK(distance(row(many.x, i), one.x) < 1e-12);
      CHECK(distance(row(many.log_det, i), one.log_det) < 1e-12);
    }
  });
}

TEST_CASE("a planar flow's direction keeps wᵀu above −1, in float32 at its limits too") {
  const Tensor u = 20.0 * Rng(1).normal({500, 4}, f64), w = 3.0 * Rng(2).normal({500, 4}, f64);
  const Tensor before = sum(u * w, {-1}), after = sum(planar_direction(u, w) * w, {-1});
  CHECK(min(before).item() < -50);
  CHECK(min(after).item() >= -1 - 1e-12);
  CHECK(distance(after, softplus(before) - 1) < 1e-11);
  // Only the component along w changes.
  CHECK(distance(planar_direction(tensor({1, -7}, f64), tensor({0, 2}, f64)) * tensor({1, 0}, f64),
                 tensor({1, 0}, f64)) < 1e-12);

  Planar steep({.d = 2, .context = 1, .flows = 1}, Rng(0));
  const auto constant = [](Linear& layer, const std::vector<double>& values) {
    layer.weight = zeros(layer.weight.shape());
    layer.bias = tensor(values);
  };
  constant(steep.u, {-30, 0});
  constant(steep.w, {1, 0});
  constant(steep.b, {0});
  // log(1 + (1 − tanh²)(softplus(−30) − 1)) at wᵀz = 0.001.
  const double t2 = std::pow(std::tanh(0.001), 2), exact = std::log(t2 + (1 - t2) * std::log1p(std::exp(-30)));
  CHECK(steep.to_data(tensor({0.001, 1}), ones({1})).log_det.item() == Approx(exact).epsilon(1e-5));
}

TEST_CASE("every second inverse autoregressive flow has the reversed order, and the gate is initially open") {
  const Iaf flow(small(4), Rng(4));
  REQUIRE(flow.nets.size() == 3);
  const Tensor x = Rng(9).normal({4}, f64), c = contexts({3});
  for (size_t k = 0; k < 3; ++k) {
    const Iaf one = [&] {
      Iaf copy = flow;
      copy.nets = {flow.nets[k]};
      return copy;
    }();
    const std::vector<double> j = jacobian([&](const Tensor& z) { return one.to_data(z, c).x; }, x).values();
    for (size_t i = 0; i < 4; ++i)
      for (size_t l = 0; l < 4; ++l) CHECK((j[i * 4 + l] != 0) == (k % 2 == 0 ? l <= i : l >= i));
  }
  const Iaf still = map_parameters(flow, [](const std::string&, const Tensor& t) { return zeros_like(t); });
  const double gate = 1 / (1 + std::exp(-1.0));
  const FlowResult r = still.to_data(x, c);
  CHECK(distance(r.x, x * std::pow(gate, 3)) < 1e-14);
  CHECK(r.log_det.item() == Approx(12 * std::log(gate)));
}

TEST_CASE("a Sylvester flow of one step follows its formula") {
  Sylvester flow(SylvesterBasis::triangular, {.d = 2, .context = 1, .flows = 2, .dtype = f64}, Rng(0));
  const auto constant = [](Linear& layer, const std::vector<double>& values) {
    layer.weight = zeros(layer.weight.shape(), f64);
    layer.bias = tensor(values, f64);
  };
  // The first step: R₁ = [[tanh 1, 5], [0, tanh 2]], R₂ = [[tanh −1, 7], [0, tanh 3]]. The second is the identity.
  constant(flow.triangles, {11, 5, 7, 13, 0, 0, 0, 0});
  constant(flow.diagonal1, {1, 2, 0, 0});
  constant(flow.diagonal2, {-1, 3, 0, 0});
  constant(flow.b, {0.1, -0.2, 0, 0});
  const double x = 0.3, y = -0.05;
  const double s = std::tanh(std::tanh(-1) * x + 7 * y + 0.1), t = std::tanh(std::tanh(3) * y - 0.2);
  const FlowResult r = flow.to_data(tensor({x, y}, f64), ones({1}, f64));
  CHECK(r.x.values()[0] == Approx(x + std::tanh(1) * s + 5 * t));
  CHECK(r.x.values()[1] == Approx(y + std::tanh(2) * t));
  CHECK(r.log_det.item() == Approx(std::log(1 + (1 - s * s) * std::tanh(1) * std::tanh(-1)) +
                                   std::log(1 + (1 - t * t) * std::tanh(2) * std::tanh(3))));
  // As the second step, the same acts on the dimensions in reverse order.
  constant(flow.triangles, {0, 0, 0, 0, 11, 5, 7, 13});
  constant(flow.diagonal1, {0, 0, 1, 2});
  constant(flow.diagonal2, {0, 0, -1, 3});
  constant(flow.b, {0, 0, 0.1, -0.2});
  const FlowResult second = flow.to_data(tensor({y, x}, f64), ones({1}, f64));
  CHECK(distance(second.x, flip(r.x, -1)) < 1e-14);
  CHECK(distance(second.log_det, r.log_det) < 1e-14);
}

TEST_CASE("a Sylvester flow that nearly folds keeps the digits of its log-determinant") {
  const auto constant = [](Linear& layer, double value) {
    layer.weight = zeros_like(layer.weight);
    layer.bias = full(layer.bias.shape(), value, layer.bias.dtype());
  };
  for (const DType dtype : {DType::float32, f64})
    for (const auto& [a, expected] : {std::pair(8.0, -14.5917), std::pair(9.0, -16.4617), std::pair(10.0, -17.8194)}) {
      Sylvester flow(SylvesterBasis::triangular, {.d = 1, .context = 1, .flows = 1, .dtype = dtype}, Rng(0));
      constant(flow.triangles, 0);
      constant(flow.diagonal1, a);
      constant(flow.diagonal2, -a);
      constant(flow.b, 0);
      CHECK(flow.to_data(tensor({1e-4}, dtype), ones({1}, dtype)).log_det.item() == Approx(expected).epsilon(1e-5));
    }
}

TEST_CASE("no rows give no rows and log-determinants, in every amortized flow") {
  each_flow(2, [](const char* name, const auto& flow) {
    INFO(name);
    const FlowResult r = flow.to_data(zeros({0, 2}, f64), contexts({0, 3}));
    CHECK(r.x.shape() == Shape{0, 2});
    CHECK(r.log_det.shape() == Shape{0});
  });
}

TEST_CASE("amortized flows reject invalid shapes and sizes") {
  each_flow(3, [](const char* name, const auto& flow) {
    INFO(name);
    CHECK_THROWS_WITH(flow.to_data(ones({2, 4}, f64), ones({2, 3}, f64)),
                      Catch::Contains("z has shape (2, 4)") && Catch::Contains("must have length 3"));
    CHECK_THROWS_WITH(flow.to_data(ones({2, 3}, f64), ones({2, 4}, f64)),
                      Catch::Contains("the context has shape (2, 4)") && Catch::Contains("must have length 3"));
    CHECK_THROWS_AS(flow.to_data(scalar(1, f64), ones({3}, f64)), ShapeError);
    CHECK_THROWS_AS(flow.to_data(ones({3, 3}, f64), ones({2, 3}, f64)), ShapeError);
    CHECK_THROWS_WITH(flow.to_data(ones({2, 3}, f64), Tensor()), Catch::Contains("the context is missing"));
  });
  const auto config = [](int64_t d, int64_t context, int64_t flows) {
    return AmortizedConfig{.d = d, .context = context, .flows = flows};
  };
  for (const AmortizedConfig& wrong : {config(0, 3, 1), config(2, 0, 1), config(2, 3, 0)}) {
    CHECK_THROWS_WITH(Planar(wrong, Rng(0)), Catch::Contains("must be at least 1"));
    CHECK_THROWS_AS(Iaf(wrong, Rng(0)), ValueError);
    CHECK_THROWS_AS(Sylvester(SylvesterBasis::triangular, wrong, Rng(0)), ValueError);
  }
  CHECK_THROWS_WITH(Sylvester(SylvesterBasis::orthogonal, {.d = 4}, Rng(0)), Catch::Contains("8 columns in 4"));
  CHECK_THROWS_WITH(Sylvester(SylvesterBasis::householder, {.reflections = 0}, Rng(0)),
                    Catch::Contains("0 reflections"));
  CHECK_THROWS_AS(Iaf({.hidden = {0}}, Rng(0)), ValueError);
}

}  // namespace dimwise::amortized_flows_tests
