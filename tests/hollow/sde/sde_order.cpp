// Observed orders of the SDE methods, on the same Brownian paths at every step length.
#include <cmath>

#include "hollow/sde/brownian.hpp"
#include "hollow/sde/sdeint.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::sde_order_tests {

namespace {

constexpr DType f64 = DType::float64;
const Rng noise(11);

using Field = std::function<Tensor(const Tensor& t, const Tensor& x)>;
using Exact = std::function<Tensor(const Tensor& w)>;  // the solution at t = 1 given W_1 = w

Sde equation(const Field& f, const Field& g) { return {brute_force_coefficient(f), brute_force_coefficient(g)}; }

Sde geometric(double mu, double sigma) {
  return equation([=](const Tensor&, const Tensor& x) { return mu * x; },
                  [=](const Tensor&, const Tensor& x) { return sigma * x; });
}

// The increment of the paths over (0, 1).
Tensor brownian_end(int64_t n) { return BrownianIncrements(noise.split(0), {n, 1}, {.dtype = f64}).next(); }

Tensor end(const Sde& sde, const Tensor& x0, const std::string& method, int level) {
  return sdeint(sde, x0, {0, 1}, {.method = method, .dt = std::ldexp(1, -level), .rng = noise}).x.back();
}

// The slope of log2 error against log2 dt between 2^-4 and 2^-8, by least squares.
double slope(const std::function<double(int level)>& error) {
  double sxy = 0, sxx = 0;
  for (int level = 4; level <= 8; ++level) {
    sxy += (6 - level) * std::log2(error(level));
    sxx += (level - 6) * (level - 6);
  }
  return sxy / sxx;
}

double strong_order(const Sde& sde, double x0, const std::string& method, const Exact& exact) {
  const int64_t n = 1500;
  const Tensor solution = exact(brownian_end(n));
  return slope([&](int level) { return mean(abs(end(sde, full({n, 1}, x0, f64), method, level) - solution)).item(); });
}

}  // namespace

TEST_CASE("strong order on geometric Brownian motion: Euler-Maruyama 1/2, Milstein and Heun 1") {
  const double mu = 0.5, sigma = 0.8;
  const Exact exact = [&](const Tensor& w) { return exp(mu - 0.5 * sigma * sigma + sigma * w); };
  CHECK(strong_order(geometric(mu, sigma), 1, "euler_maruyama", exact) == Approx(0.5).margin(0.12));
  CHECK(strong_order(geometric(mu, sigma), 1, "milstein", exact) == Approx(1).margin(0.15));
  CHECK(strong_order(geometric(mu, sigma), 1, "stochastic_heun", exact) == Approx(1).margin(0.15));
}

TEST_CASE("strong order on x = sinh(t + W + arcsinh x0): Euler-Maruyama 1/2, Milstein and Heun 1") {
  const auto root = [](const Tensor&, const Tensor& x) { return sqrt(1 + square(x)); };
  const Sde sde = equation([&](const Tensor& t, const Tensor& x) { return root(t, x) + 0.5 * x; }, root);
  const Exact exact = [](const Tensor& w) {
    const Tensor e = exp(1 + w + std::asinh(0.3));
    return 0.5 * (e - 1 / e);
  };
  CHECK(strong_order(sde, 0.3, "euler_maruyama", exact) == Approx(0.5).margin(0.2));
  CHECK(strong_order(sde, 0.3, "milstein", exact) == Approx(1).margin(0.2));
  CHECK(strong_order(sde, 0.3, "stochastic_heun", exact) == Approx(1).margin(0.2));
}

TEST_CASE("on an Ornstein-Uhlenbeck process every method has strong and weak order 1 at least") {
  const Sde ou = equation([](const Tensor&, const Tensor& x) { return 1.5 * (0.7 - x); },
                          [](const Tensor&, const Tensor& x) { return full(x.shape(), 0.8, f64); });
  const Tensor x0 = full({1000, 1}, -2, f64);
  const Tensor fine = end(ou, x0, "stochastic_heun", 13);
  const double mean_at_1 = 0.7 - 2.7 * std::exp(-1.5);
  CHECK(std::abs(mean(fine).item() - mean_at_1) < 4 * 0.8 / std::sqrt(3 * 1000.0));
  for (const std::string& method : sde_method_names()) {
    INFO(method);
    const auto error = [&](int level) { return end(ou, x0, method, level) - fine; };
    const double strong = slope([&](int level) { return mean(abs(error(level))).item(); }),
                 weak = slope([&](int level) { return std::abs(mean(error(level)).item()); });
    CHECK(strong == Approx(1).margin(0.12));
    CHECK(weak > 0.85);
    if (method != "stochastic_heun") CHECK(weak < 1.15);
  }
}

TEST_CASE("weak order on geometric Brownian motion is 1, by the difference of each path from its exact solution") {
  const double mu = 1.5, sigma = 0.2;
  const int64_t n = 4000;
  const Tensor exact = exp(mu - 0.5 * sigma * sigma + sigma * brownian_end(n));
  for (const std::string method : {"euler_maruyama", "milstein", "stochastic_heun"}) {
    INFO(method);
    const double order = slope([&](int level) {
      return std::abs(mean(end(geometric(mu, sigma), ones({n, 1}, f64), method, level) - exact).item());
    });
    CHECK(order > 0.85);
    if (method == "stochastic_heun") continue;  // its drift has order 2
    CHECK(order < 1.15);
    // The scheme's expectation is (1 + μ h)^N, within four standard errors.
    const Tensor x = end(geometric(mu, sigma), ones({n, 1}, f64), method, 3);
    const double m = mean(x).item(), v = mean(square(x)).item() - m * m;
    CHECK(std::abs(m - std::pow(1 + mu / 8, 8)) < 4 * std::sqrt(v / static_cast<double>(n)));
  }
}

}  // namespace dimwise::sde_order_tests
