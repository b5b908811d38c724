// sdeint: the same for the same seed, row by row, with gradients; laws against closed forms; errors.
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "autodiff/base/error.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/sde/sdeint.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/references.hpp"

namespace dimwise::sde_integration_tests {

namespace {

constexpr DType f64 = DType::float64;

Sde double_well(double sigma) {
  return {brute_force_coefficient([](const Tensor&, const Tensor& x) { return x - x * square(x); }),
          brute_force_coefficient([=](const Tensor&, const Tensor& x) { return full(x.shape(), sigma, x.dtype()); })};
}

// g of x, of both components.
Sde coupled(const Tensor& a) {
  return {brute_force_coefficient([=](const Tensor& t, const Tensor& x) { return a * sin(flip(x, 1)) - x * t; }),
          brute_force_coefficient([=](const Tensor&, const Tensor& x) { return a + 0.3 * sin(x) * cos(flip(x, 1)); })};
}

// Mean and variance of x, (n, 1), within four standard errors of those of a normal law (apart from kurtosis).
void check_moments(const Tensor& x, double m, double v, double bias) {
  const double n = static_cast<double>(x.size()), got = mean(x).item();
  CHECK(std::abs(got - m) < 4 * std::sqrt(v / n) + bias);
  CHECK(std::abs(mean(square(x - got)).item() - v) < 4 * v * std::sqrt(2 / n) + bias);
}

}  // namespace

TEST_CASE("one seed gives one solution, and a part of a batch gives the rows of the whole") {
  const Tensor a = tensor({0.5, 0.8}, f64), x0 = Rng(1).normal({6, 2}, f64);
  for (const std::string& method : sde_method_names()) {
    SdeOptions options{.method = method, .dt = 0.05, .rng = Rng(5)};
    const SdeSolution whole = sdeint(coupled(a), x0, {0, 0.3, 1}, options);
    CHECK(sdeint(coupled(a), x0, {0, 0.3, 1}, options).x[2].values() == whole.x[2].values());
    options.first_row = 3;
    const SdeSolution part = sdeint(coupled(a), slice(x0, 0, 3, 6), {0, 0.3, 1}, options);
    for (size_t k = 0; k < 3; ++k) CHECK(part.x[k].values() == slice(whole.x[k], 0, 3, 6).values());
    options.first_row = 0;
    options.rng = Rng(6);
    CHECK(sdeint(coupled(a), x0, {0, 0.3, 1}, options).x[2].values() != whole.x[2].values());
    CHECK(whole.statistics.steps == 8 + 16);
    CHECK(whole.statistics.drift == whole.statistics.diffusion);
  }
  CHECK(sdeint(coupled(a), x0, {2}).x[0].values() == x0.values());
}

TEST_CASE("without noise the ordinary differential equation is solved") {
  const Sde decay{brute_force_coefficient([](const Tensor&, const Tensor& x) { return -x; }),
                  brute_force_coefficient([](const Tensor&, const Tensor& x) { return zeros_like(x); })};
  const Tensor x0 = ones({2, 1}, f64);
  const auto end = [&](const char* method) {
    return sdeint(decay, x0, {0, 1}, {.method = method, .dt = 1.0 / 64}).x[1].values()[0];
  };
  CHECK(end("euler_maruyama") == Approx(std::pow(1 - 1.0 / 64, 64)).epsilon(1e-13));
  CHECK(end("milstein") == Approx(std::pow(1 - 1.0 / 64, 64)).epsilon(1e-13));
  CHECK(end("stochastic_heun") == Approx(std::exp(-1)).epsilon(1e-4));
}

TEST_CASE("gradients through the path for fixed noise agree with finite differences") {
  const Tensor x0 = Rng(1).normal({3, 2}, f64), a = tensor({0.5, 0.8}, f64);
  for (const std::string& method : sde_method_names()) {
    const auto loss = [&](const Tensor& at, const Tensor& from) {
      const SdeOptions options{.method = method, .dt = 0.25, .rng = Rng(5)};
      return mean(square(sdeint(coupled(at), from, {0, 0.5, 1}, options).x.back())).item();
    };
    const Tensor ta = track(a), tx = track(x0);
    const SdeOptions options{.method = method, .dt = 0.25, .rng = Rng(5)};
    const auto g = grad(mean(square(sdeint(coupled(ta), tx, {0, 0.5, 1}, options).x.back())), {ta, tx});
    const double e = 1e-6;
    for (int64_t i = 0; i < 2; ++i) {
      const Tensor move = place_row(scalar(e, f64), i, 2);
      CHECK(g[0].values()[static_cast<size_t>(i)] ==
            Approx((loss(a + move, x0) - loss(a - move, x0)) / (2 * e)).margin(1e-7));
    }
    const Tensor direction = Rng(9).normal({3, 2}, f64);
    CHECK(sum(g[1] * direction).item() ==
          Approx((loss(a, x0 + e * direction) - loss(a, x0 - e * direction)) / (2 * e)).margin(1e-7));
  }
}

TEST_CASE("Ornstein-Uhlenbeck and geometric Brownian motion have the means and variances of the reference") {
  const nlohmann::json all = references("sde_reference.json");
  const auto ou = all["ou_1d"], gbm = all["gbm"];
  const int64_t n = 20000;
  const Tensor x0 = ou["m0"].get<double>() + std::sqrt(ou["v0"].get<double>()) * Rng(1).normal({n, 1}, f64);
  const Sde sde{brute_force_coefficient([](const Tensor&, const Tensor& x) { return 1.5 * (0.7 - x); }),
                brute_force_coefficient([](const Tensor&, const Tensor& x) { return full(x.shape(), 0.8, f64); })};
  const auto times = ou["t"].get<std::vector<double>>();
  const SdeSolution s = sdeint(sde, x0, times, {.method = "stochastic_heun", .dt = 0.05, .rng = Rng(2)});
  for (size_t k = 0; k < times.size(); ++k) check_moments(s.x[k], ou["mean"][k], ou["var"][k], 2e-3);

  const Sde geometric{brute_force_coefficient([](const Tensor&, const Tensor& x) { return 0.1 * x; }),
                      brute_force_coefficient([](const Tensor&, const Tensor& x) { return 0.3 * x; })};
  const SdeSolution g =
      sdeint(geometric, ones({n, 1}, f64), {0, 0.25, 1, 2}, {.method = "milstein", .dt = 1.0 / 32, .rng = Rng(3)});
  for (size_t k = 0; k < 3; ++k) check_moments(log(g.x[k + 1]), gbm["log_mean"][k], gbm["log_var"][k], 1e-3);
}

TEST_CASE("the double well has the density of the reference at every time and point, within four standard errors") {
  const nlohmann::json all = references("sde_reference.json");
  const auto well = all["double_well_sigma1"];
  const auto points = well["x"].get<std::vector<double>>();
  std::vector<double> times{0};
  for (const auto& each : well["transient"])
    if (each["t"].get<double>() <= 2) times.push_back(each["t"]);
  const int64_t n = 20000;
  const Tensor x0 = -1 + std::sqrt(0.05) * Rng(1).normal({n, 1}, f64);
  const SdeSolution s = sdeint(double_well(1), x0, times, {.method = "stochastic_heun", .dt = 0.02, .rng = Rng(4)});
  const double width = 0.1;
  for (size_t k = 1; k < times.size(); ++k)
    for (size_t i = 0; i < points.size(); ++i) {
      INFO("t = " << times[k] << ", x = " << points[i]);
      const double p = well["transient"][k - 1]["p"][i];
      const Tensor inside = (s.x[k] > points[i] - width / 2) * (s.x[k] < points[i] + width / 2);
      // The mean of p over the bin differs from p by p'' width²/24, which 0.03 covers.
      CHECK(std::abs(mean(inside).item() / width - p) <
            4 * std::sqrt((p + 0.01) / (width * static_cast<double>(n))) + 0.03);
    }
}

TEST_CASE("sdeint rejects invalid arguments, and reports a path that diverges") {
  const Tensor x0 = ones({2, 1}, f64);
  const Sde sde = double_well(1);
  using Catch::Contains;
  CHECK_THROWS_WITH(sdeint(sde, x0, {}), Contains("no times"));
  CHECK_THROWS_WITH(sdeint(sde, x0, {0, 1, 1}), Contains("increase strictly, but 1 is followed by 1"));
  CHECK_THROWS_WITH(sdeint(sde, x0, {0, std::nan("")}), Contains("times[1]"));
  CHECK_THROWS_WITH(sdeint(sde, x0, {0, 1}, {.dt = 0}), Contains("dt = 0"));
  CHECK_THROWS_WITH(sdeint(sde, x0, {0, 1}, {.method = "euler"}), Contains("Use one of euler_maruyama, milstein"));
  CHECK_THROWS_WITH(sdeint(sde, x0, {0, 1}, {.first_row = -1}), Contains("first_row"));
  CHECK_THROWS_AS(sdeint(sde, ones({2}, f64), {0, 1}), ShapeError);
  CHECK_THROWS_WITH(sdeint(sde, tensor({0, std::nan("")}, {2, 1}, f64), {0, 1}), Contains("row 1 of x0"));
  const Sde flat{sde.drift, brute_force_coefficient([](const Tensor&, const Tensor&) { return scalar(1, f64); })};
  CHECK_THROWS_WITH(sdeint(flat, x0, {0, 1}), Contains("the diffusion has shape"));
  try {
    sdeint(double_well(0), tensor({0, 50}, {2, 1}, f64), {0, 10}, {.dt = 1});
    FAIL("nothing was thrown");
  } catch (const SolverError& e) {
    CHECK_THAT(e.what(), Contains("row 1 becomes NaN or infinite at t = "));
  }
}

}  // namespace dimwise::sde_integration_tests
