// The time-dependent mixture: its derivatives against finite differences and automatic differentiation, its samples
// against its density.
#include "hollow/sde/mixture.hpp"

#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "hollow/sde/fokker_planck.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/kolmogorov_smirnov.hpp"

namespace dimwise::sde_mixture_tests {

namespace {

constexpr DType f64 = DType::float64;

double largest(const Tensor& x) { return max(abs(x)).item(); }

TimeMixture mixture(int64_t d, int64_t context = 0) {
  TimeMixture p({.d = d, .components = 3, .hidden = {8}, .context = context, .dtype = f64}, Rng(5));
  p.spread(2 * Rng(6).normal({50, d}, f64), Rng(7));
  return p;
}

}  // namespace

TEST_CASE("derivatives in closed form agree with finite differences and automatic differentiation") {
  const TimeMixture p = mixture(2, 2);
  const Tensor x = Rng(1).normal({20, 2}, f64), t = Rng(2).uniform({20, 1}, f64), c = Rng(3).normal({20, 2}, f64);
  const DensityDerivatives all = p.derivatives(t, x, c);
  CHECK(largest(all.log_prob - p.log_prob(t, x, c)) < 1e-12);
  const double h = 1e-5;
  CHECK(largest(all.time - (p.log_prob(t + h, x, c) - p.log_prob(t - h, x, c)) / (2 * h)) < 1e-8);
  const ScalarDerivatives engine = scalar_derivatives([&](const Tensor& at) { return p.log_prob(t, at, c); }, x);
  CHECK(largest(all.score - engine.gradient) < 1e-12);
  CHECK(largest(all.score_diagonal - engine.second) < 1e-10);
  CHECK(largest(all.time) > 0.1);
}

TEST_CASE(
    "the gradients of all derivatives with respect to every parameter of a mixture agree with finite differences") {
  const TimeMixture p = mixture(2);
  const Tensor x = Rng(1).normal({4, 2}, f64), t = Rng(2).uniform({4, 1}, f64);
  check_grads(
      [&](const std::vector<Tensor>& in) {
        size_t i = 0;
        const TimeMixture q = map_parameters(p, [&](const std::string&, const Tensor&) { return in[i++]; });
        const DensityDerivatives all = q.derivatives(t, x);
        return concat({all.log_prob, all.time, reshape(all.score, {8}), reshape(all.score_diagonal, {8})});
      },
      parameters(p));
}

TEST_CASE("the density integrates to one at every time") {
  const TimeMixture p = mixture(1);
  const int64_t n = 2001;
  std::vector<double> grid;
  for (int64_t i = 0; i < n; ++i) grid.push_back(-15 + 30 * static_cast<double>(i) / static_cast<double>(n - 1));
  const Tensor x = reshape(tensor(grid, f64), {n, 1});
  for (const double t : {0.0, 0.4, 1.0, 3.0})
    CHECK(sum(exp(p.log_prob(full({n, 1}, t, f64), x))).item() * 30 / static_cast<double>(n - 1) ==
          Approx(1).epsilon(1e-9));
}

TEST_CASE("samples follow the density of their time and context") {
  const TimeMixture p = mixture(1, 1);
  const int64_t n = 20000;
  for (const double t : {0.0, 1.0}) {
    const Tensor times = full({n, 1}, t, f64), context = full({n, 1}, 2 * t - 1, f64);
    const Tensor x = p.sample(Rng(9), times, context);
    REQUIRE(x.shape() == Shape{n, 1});
    // E log p under its samples is minus the entropy, computed on a grid; and the score has mean 0, E[s²] = −E[D s].
    const int64_t m = 4001;
    std::vector<double> grid;
    for (int64_t i = 0; i < m; ++i) grid.push_back(-20 + 40 * static_cast<double>(i) / static_cast<double>(m - 1));
    const Tensor lp =
        p.log_prob(full({m, 1}, t, f64), reshape(tensor(grid, f64), {m, 1}), full({m, 1}, 2 * t - 1, f64));
    const double expected = sum(exp(lp) * lp).item() * 40 / static_cast<double>(m - 1);
    const Tensor own = p.log_prob(times, x, context);
    const double error = std::sqrt(mean(square(own - mean(own))).item() / static_cast<double>(n));
    CHECK(std::abs(mean(own).item() - expected) < 4 * error);
    CHECK(follow(x, [&](const Tensor& y) {
      return p.log_prob(full({y.dim(0), 1}, t, f64), y, full({y.dim(0), 1}, 2 * t - 1, f64));
    }));
    const Tensor s = p.derivatives(times, x, context).score;
    CHECK(std::abs(mean(s).item()) < 4 * std::sqrt(mean(square(s)).item() / static_cast<double>(n)));
  }
}

TEST_CASE("invalid shapes are reported") {
  const TimeMixture p = mixture(2, 2);
  const Tensor x = Rng(1).normal({4, 2}, f64), t = Rng(2).uniform({4, 1}, f64), c = x;
  CHECK_THROWS_WITH(p.log_prob(t, x), Catch::Contains("The density was constructed for 2"));
  CHECK_THROWS_WITH(p.log_prob(scalar(0, f64), x, c), Catch::Contains("of shape (n, 1)"));
  CHECK_THROWS_WITH(p.log_prob(t, Rng(1).normal({4, 3}, f64), c), Catch::Contains("(4, 2)"));
  CHECK_THROWS_WITH(TimeMixture({.d = 0}, Rng(1)), Catch::Contains("at least 1"));
}

TEST_CASE("an anchored mixture moves with its initial point") {
  const TimeMixture p({.d = 2, .components = 3, .hidden = {8}, .context = 2, .anchored = true, .dtype = f64}, Rng(5));
  TimeMixture blind = p;  // whose network does not depend on the initial point
  const Tensor first = blind.net.layers[0].weight;
  blind.net.layers[0].weight = concat({slice(first, 1, 0, 1), zeros({first.dim(0), 2}, f64)});
  const Tensor x = Rng(1).normal({20, 2}, f64), t = Rng(2).uniform({20, 1}, f64), c = Rng(3).normal({20, 2}, f64);
  const DensityDerivatives at = blind.derivatives(t, x, c), moved = blind.derivatives(t, x + 1.5, c + 1.5);
  CHECK(largest(at.log_prob - moved.log_prob) < 1e-12);
  CHECK(largest(at.score - moved.score) < 1e-12);
  CHECK(largest(p.derivatives(t, x, c).time - (p.log_prob(t + 1e-5, x, c) - p.log_prob(t - 1e-5, x, c)) / 2e-5) < 1e-8);
  CHECK_THROWS_WITH(TimeMixture({.d = 2, .context = 3, .anchored = true}, Rng(1)), Catch::Contains("is not a point"));
}

}  // namespace dimwise::sde_mixture_tests
