// Densities of SDEs at their edges: shapes that do not fit, NaN in one row, far tails, late times.

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/base/error.hpp"
#include "hollow/sde/flow_density.hpp"
#include "hollow/sde/fokker_planck.hpp"
#include "hollow/sde/mixture.hpp"
#include "hollow/sde/weak.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::sde_edges_tests {

namespace {

constexpr DType f64 = DType::float64;

const Sde ou{brute_force_coefficient([](const Tensor&, const Tensor& x) { return -x; }),
             brute_force_coefficient([](const Tensor&, const Tensor& x) { return full(x.shape(), 0.8, x.dtype()); })};

// A mixture whose net gives the same numbers at every time.
TimeMixture constant(int64_t components, const std::vector<double>& numbers, DType dtype) {
  TimeMixture p({.d = 1, .components = components, .hidden = {2}, .dtype = dtype}, Rng(1));
  Linear& last = p.net.layers.back();
  last.weight = zeros_like(last.weight);
  last.bias = tensor(numbers, dtype);
  return p;
}

}  // namespace

TEST_CASE("functions of an equation refuse points, times and values of other shapes") {
  const Tensor x = Rng(1).normal({3, 2}, f64), t = full({3, 1}, 0.5, f64), n = zeros({3}, f64),
               column = zeros({3, 1}, f64);
  const ScalarDerivatives u{n, x, x}, tall{column, x, x}, wide{n, x, n};
  const DensityDerivatives p{n, n, x, x}, late{n, column, x, x}, flat{n, n, x, n};
  CHECK_NOTHROW(fokker_planck(ou, u, t, x));
  CHECK_NOTHROW(fokker_planck(ou, u, scalar(0.5, f64), x));
  CHECK_NOTHROW(fokker_planck_residual(ou, p, t, x));
  for (const auto& wrong : {tall, wide}) {
    CHECK_THROWS_AS(fokker_planck(ou, wrong, t, x), ShapeError);
    CHECK_THROWS_AS(kolmogorov_backward(ou, wrong, t, x), ShapeError);
  }
  CHECK_THROWS_AS(fokker_planck(ou, u, n, x), ShapeError);
  CHECK_THROWS_AS(fokker_planck_log(ou, flat, t, x), ShapeError);
  CHECK_THROWS_WITH(fokker_planck_residual(ou, late, t, x), Catch::Contains("time has shape (3, 1), expected (3,)"));
  CHECK_THROWS_AS(fokker_planck_residual(ou, flat, t, x), ShapeError);
  // The value of log p is read only for the residual of p.
  const ResidualOptions of_p{.space = ResidualOptions::Space::p};
  const DensityDerivatives high{column, n, x, x}, unknown{{}, n, x, x};
  CHECK_NOTHROW(fokker_planck_residual(ou, p, t, x, of_p));
  CHECK_NOTHROW(fokker_planck_residual(ou, unknown, t, x));
  CHECK_THROWS_WITH(fokker_planck_residual(ou, high, t, x, of_p),
                    Catch::Contains("log_prob has shape (3, 1), expected (3,)"));
  CHECK_THROWS_AS(scalar_derivatives([](const Tensor& at) { return sum(at, {-1}, true); }, x), ShapeError);
  const Tensor later = t + 1.0;
  CHECK(euler_log_prob(ou, t, x, later, x).shape() == Shape{3, 2});
  const Tensor two = tensor({0, 0}, f64), points = zeros({2, 2}, f64);
  CHECK_THROWS_AS(euler_log_prob(ou, two, points, two + 1.0, points), ShapeError);
  CHECK_THROWS_AS(euler_log_prob(ou, t, x, later, slice(x, 1, 0, 1)), ShapeError);
  const TestFunctions functions(4, 2, 1, Rng(2), f64);
  CHECK(weak_residuals(ou, n, t, x, functions).shape() == Shape{3, 4});
  CHECK_THROWS_AS(weak_residuals(ou, column, t, x, functions), ShapeError);
  CHECK_THROWS_AS(weak_residuals(ou, n, n, x, functions), ShapeError);
}

TEST_CASE("a point that is NaN gives NaN in its row, and in no other") {
  for (const int64_t components : {1, 3}) {
    const TimeMixture p({.d = 2, .components = components, .dtype = f64}, Rng(5));
    const Tensor x = tensor({0, NAN, 1, 1}, {2, 2}, f64), t = zeros({2, 1}, f64);
    const std::vector<double> all = p.log_prob(t, x).values();
    CHECK(std::isnan(all[0]));
    CHECK(all[1] == Approx(p.log_prob(zeros({1, 1}, f64), ones({1, 2}, f64)).item()).epsilon(1e-14));
  }
}

TEST_CASE("the second derivative of one component's log-density is −1/σ² however far from the mean") {
  for (const DType dtype : {DType::float32, f64}) {
    const double raw = -0.3, sigma = 0.01 + std::log1p(std::exp(raw));
    const TimeMixture p = constant(1, {0, 0.2, raw}, dtype);
    for (const double far : {0.0, 100.0, 1000.0, 4000.0, 10000.0}) {
      const Tensor x = full({1, 1}, 0.2 + far * sigma, dtype);
      CHECK(p.derivatives(zeros({1, 1}, dtype), x).score_diagonal.item() == Approx(-1 / (sigma * sigma)).epsilon(1e-5));
    }
  }
}

TEST_CASE("a component of weight 0 is not drawn from a mixture in time") {
  const double none = -std::numeric_limits<double>::infinity();
  const TimeMixture p = constant(3, {0, none, none, 0, 100, 200, 0, 0, 0}, DType::float32);
  CHECK(max(p.sample(Rng(3), zeros({20000, 1}))).item() < 50);
}

TEST_CASE("the density of a flow integrates to one at late times too") {
  const auto fresh = make_flow_density({.d = 1, .hidden = {64}, .dtype = f64}, Rng(4));
  const Rng rng(9);
  const auto moved = map_parameters(fresh, [&](const std::string& name, const Tensor& w) {
    return w + 0.2 * rng.split(name).normal(w.shape(), f64);
  });
  for (const auto& p : {fresh, moved})
    for (const double t : {0.0, 1.0, 5.0, 20.0}) {
      INFO(t);
      const std::vector<double> s = p.sample(Rng(7), full({1000, 1}, t, f64)).values();
      const double low = *std::min_element(s.begin(), s.end()), high = *std::max_element(s.begin(), s.end()),
                   margin = 3 * (high - low);
      const Tensor x = reshape(linspace(low - margin, high + margin, 8001, f64), {8001, 1});
      CHECK(sum(exp(p.log_prob(full({8001, 1}, t, f64), x))).item() * (high - low + 2 * margin) / 8000 ==
            Approx(1).epsilon(2e-3));
    }
}

}  // namespace dimwise::sde_edges_tests
