#include <cmath>

#include "autodiff/debug/check_grads.hpp"
#include "nn/distributions/bernoulli.hpp"
#include "nn/distributions/mixture.hpp"
#include "nn/distributions/multivariate_normal.hpp"
#include "nn/distributions/normal.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/kolmogorov_smirnov.hpp"

namespace dimwise::distributions_tests {

namespace {

constexpr DType f64 = DType::float64;
const double log_2pi = std::log(2 * M_PI);

// The points of a fine grid over [−12, 12]², and the sum of a density over them.
struct Grid {
  static constexpr int64_t n = 401;
  Tensor points;
  double cell;
  Grid() {
    const std::vector<double> axis = linspace(-12, 12, n, f64).values();
    cell = (axis[1] - axis[0]) * (axis[1] - axis[0]);
    std::vector<double> flat;
    for (const double x : axis)
      for (const double y : axis) {
        flat.push_back(x);
        flat.push_back(y);
      }
    points = tensor(flat, {n * n, 2}, f64);
  }
  double total(const Tensor& log_prob) const { return sum(exp(log_prob)).item() * cell; }
  double entropy(const Tensor& log_prob) const { return -sum(exp(log_prob) * log_prob).item() * cell; }
};

// Mean and covariance of rows.
void check_moments(const Tensor& samples, const std::vector<double>& mean_expected,
                   const std::vector<double>& covariance_expected, double tolerance) {
  const Tensor center = mean(samples, {0}), moved = samples - center;
  const std::vector<double> m = center.values(),
                            c = (matmul(moved, moved, {.transpose_a = true}) / static_cast<double>(samples.dim(0)))
                                    .values();
  for (size_t i = 0; i < m.size(); ++i) CHECK(m[i] == Approx(mean_expected[i]).margin(tolerance));
  for (size_t i = 0; i < c.size(); ++i) CHECK(c[i] == Approx(covariance_expected[i]).margin(tolerance));
}

}  // namespace

TEST_CASE("The standard normal has the correct formula, integral, entropy and samples") {
  const StandardNormal base{.d = 2};
  CHECK(base.log_prob(tensor({1, 2}, f64)).item() == Approx(-2.5 - log_2pi));
  const Grid grid;
  CHECK(grid.total(base.log_prob(grid.points)) == Approx(1).epsilon(1e-10));
  CHECK(grid.entropy(base.log_prob(grid.points)) == Approx(base.entropy()).epsilon(1e-10));
  CHECK(base.sample(Rng(1), {5, 3}).shape() == Shape{5, 3, 2});
  check_moments(base.sample(Rng(1), {20000}, f64), {0, 0}, {1, 0, 0, 1}, 0.04);
  CHECK_THROWS_AS(base.log_prob(ones({3})), ShapeError);
}

TEST_CASE("The diagonal normal has the correct formula, integral, entropy and samples") {
  const DiagonalNormal q{tensor({1, -2}, f64), tensor({0.5, -0.3}, f64)};
  const double z0 = (0.2 - 1) / std::exp(0.5), z1 = (0.1 + 2) / std::exp(-0.3);
  CHECK(q.log_prob(tensor({0.2, 0.1}, f64)).item() == Approx(-0.5 * (z0 * z0 + z1 * z1) - 0.2 - log_2pi));
  const Grid grid;
  CHECK(grid.total(q.log_prob(grid.points)) == Approx(1).epsilon(1e-10));
  CHECK(grid.entropy(q.log_prob(grid.points)) == Approx(q.entropy().item()).epsilon(1e-10));
  check_moments(q.sample(Rng(1), {20000}), {1, -2}, {std::exp(1), 0, 0, std::exp(-0.6)}, 0.08);
  // A scale shared by all dimensions counts once for each.
  const DiagonalNormal shared{zeros({3}, f64), scalar(0.7, f64)}, spelt{zeros({3}, f64), full({3}, 0.7, f64)};
  const Tensor x = tensor({1, 2, 3}, f64);
  CHECK(shared.log_prob(x).item() == Approx(spelt.log_prob(x).item()));
  CHECK(shared.entropy().item() == Approx(spelt.entropy().item()));
  CHECK(DiagonalNormal{zeros({4, 3}), zeros({4, 3})}.sample(Rng(0)).shape() == Shape{4, 3});
  // A part of a batch draws the same numbers as the whole.
  const std::vector<double> whole = DiagonalNormal{zeros({4, 3}), zeros({4, 3})}.sample(Rng(0)).values(),
                            last = DiagonalNormal{zeros({1, 3}), zeros({1, 3})}.sample(Rng(0), {}, 3).values();
  CHECK(last == std::vector<double>(whole.begin() + 9, whole.end()));
}

TEST_CASE("Gradients reach the parameters through log-densities, samples and entropies") {
  const Rng rng(4);
  const auto random = [&](const char* what, const Shape& shape) { return rng.split(what).normal(shape, f64); };
  const Tensor x = random("x", {3, 2});
  check_grads(
      [](const auto& in) {
        return DiagonalNormal{in[0], in[1]}.log_prob(in[2]);
      },
      {random("mean", {3, 2}), random("scale", {2}), x}, {.order = 2, .tolerance = 1e-5});
  check_grads(
      [&](const auto& in) {
        return DiagonalNormal{in[0], in[1]}.sample(rng) + DiagonalNormal{in[0], in[1]}.entropy();
      },
      {random("mean", {3}), random("scale", {3})});
  check_grads([](const auto& in) { return Bernoulli{in[0]}.log_prob(in[1]); }, {random("logits", {3, 2}), x},
              {.order = 2, .tolerance = 1e-5});
  check_grads([](const auto& in) { return Bernoulli{in[0]}.entropy(); }, {random("logits", {3, 2})});
  check_grads(
      [](const auto& in) {
        return GaussianMixture{in[0], in[1], in[2]}.log_prob(in[3]);
      },
      {random("logits", {4}), random("mean", {4, 2}), random("scale", {4, 2}), x}, {.order = 2, .tolerance = 1e-5});
  const MultivariateNormal g = MultivariateNormal::fit(random("data", {30, 2}));
  check_grads([&](const auto& in) { return g.log_prob(in[0]); }, {x}, {.order = 2, .tolerance = 1e-5});
}

TEST_CASE("The Gaussian fitted to data has the data's mean and covariance") {
  const Rng rng(9);
  const Tensor mix = tensor({2, 0, -1, 0.5}, {2, 2}, f64);
  const Tensor data = linear(rng.normal({4000, 2}, f64), mix, tensor({1, -1}, f64));
  const MultivariateNormal g = MultivariateNormal::fit(data);
  const Tensor moved = data - mean(data, {0});
  const Tensor c = matmul(moved, moved, {.transpose_a = true}) / 4000;
  const std::vector<double> expected = c.values();
  const std::vector<double> l = g.scale_tril.value.values();
  CHECK(l[1] == 0);
  CHECK(l[0] * l[0] == Approx(expected[0]));
  CHECK(l[0] * l[2] == Approx(expected[1]));
  CHECK(l[2] * l[2] + l[3] * l[3] == Approx(expected[3]));
  // The formula with the inverse of a 2 × 2 matrix.
  const double det = expected[0] * expected[3] - expected[1] * expected[2];
  const std::vector<double> m = g.mean.value.values();
  const double a = 0.3 - m[0], b = 0.7 - m[1];
  const double square = (expected[3] * a * a - 2 * expected[1] * a * b + expected[0] * b * b) / det;
  CHECK(g.log_prob(tensor({0.3, 0.7}, f64)).item() == Approx(-0.5 * square - 0.5 * std::log(det) - log_2pi));
  const Grid grid;
  CHECK(grid.total(g.log_prob(grid.points)) == Approx(1).epsilon(1e-7));
  // The mean log-density of the data it was fitted to is minus its entropy.
  CHECK(-mean(g.log_prob(data)).item() == Approx(g.entropy().item()));
  check_moments(g.sample(rng, {20000}), m, expected, 0.15);
  CHECK(g.log_prob(zeros({3, 4, 2}, f64)).shape() == Shape{3, 4});
  CHECK(MultivariateNormal::fit(astype(data, DType::float32)).log_prob(zeros({2})).dtype() == DType::float32);
}

TEST_CASE("Data with a singular covariance is rejected, and a ridge makes it valid") {
  const Tensor line = tensor({1, 2, 2, 4, 3, 6, 4, 8}, {4, 2}, f64);
  CHECK_THROWS_WITH(MultivariateNormal::fit(line), Catch::Contains("of the data is a linear combination"));
  CHECK(MultivariateNormal::fit(line, 0.1).entropy().item() < 10);
  CHECK_THROWS_AS(MultivariateNormal::fit(ones({4})), ShapeError);
}

TEST_CASE("Bernoulli variables have the correct formula, at large logits too") {
  const Bernoulli b{tensor({0.3, -1.2}, f64)};
  const double p0 = 1 / (1 + std::exp(-0.3)), p1 = 1 / (1 + std::exp(1.2));
  double total = 0;
  for (const double x0 : {0.0, 1.0})
    for (const double x1 : {0.0, 1.0}) {
      const double lp = b.log_prob(tensor({x0, x1}, f64)).item();
      CHECK(lp == Approx(std::log(x0 != 0 ? p0 : 1 - p0) + std::log(x1 != 0 ? p1 : 1 - p1)));
      total += std::exp(lp);
    }
  CHECK(total == Approx(1));
  const auto h = [](double p) { return -p * std::log(p) - (1 - p) * std::log(1 - p); };
  CHECK(b.entropy().item() == Approx(h(p0) + h(p1)));
  for (const DType dtype : {DType::float32, f64}) {
    const Bernoulli sure{tensor({1e4, -1e4}, dtype)};
    CHECK(sure.log_prob(tensor({1, 0}, dtype)).item() == 0);
    CHECK(sure.log_prob(tensor({0, 1}, dtype)).item() == Approx(-2e4));
    CHECK(sure.entropy().item() == 0);
    CHECK(sure.sample(Rng(0)).values() == std::vector<double>{1, 0});
  }
  const Tensor samples = b.sample(Rng(1), {20000});
  const std::vector<double> m = mean(samples, {0}).values();
  CHECK(m[0] == Approx(p0).margin(0.02));
  CHECK(m[1] == Approx(p1).margin(0.02));
}

TEST_CASE("A mixture of Gaussians has the correct formula, integral and samples") {
  const GaussianMixture m{tensor({std::log(3), 0}, f64), tensor({1, 2, -2, 0}, {2, 2}, f64),
                          tensor({0, 0.2, -0.5, 0.1}, {2, 2}, f64)};
  const Tensor x = tensor({0.5, 1}, f64);
  const double one = DiagonalNormal{tensor({1, 2}, f64), tensor({0, 0.2}, f64)}.log_prob(x).item();
  const double two = DiagonalNormal{tensor({-2, 0}, f64), tensor({-0.5, 0.1}, f64)}.log_prob(x).item();
  CHECK(m.log_prob(x).item() == Approx(std::log(0.75 * std::exp(one) + 0.25 * std::exp(two))));
  const Grid grid;
  CHECK(grid.total(m.log_prob(grid.points)) == Approx(1).epsilon(1e-10));
  CHECK(m.log_prob(zeros({5, 4, 2}, f64)).shape() == Shape{5, 4});
  CHECK(m.log_prob(full({2}, 1e4, f64)).item() < -1e6);
  const std::vector<double> center = mean(m.sample(Rng(3), 20000), {0}).values();
  CHECK(center[0] == Approx(0.25).margin(0.05));
  CHECK(center[1] == Approx(1.5).margin(0.05));
  CHECK_THROWS_AS(m.log_prob(zeros({3}, f64)), ShapeError);
}

TEST_CASE("Samples of every distribution of numbers follow its density, by Kolmogorov and Smirnov") {
  constexpr int64_t n = 20000;
  const Rng rng(11);
  for (const DType dtype : {DType::float32, f64})
    for (const int64_t d : {1, 2}) {
      INFO("d = " << d << ", " << dtype);
      const auto numbers = [&](std::vector<double> x) { return slice(tensor(x, dtype), 0, 0, d); };
      const StandardNormal base{.d = d};
      CHECK(follow(base.sample(rng, {n, d}, dtype), [&](const Tensor& x) { return base.log_prob(x); }));
      const DiagonalNormal diagonal{numbers({1.5, -2}), numbers({0.3, -0.7})};
      CHECK(follow(diagonal.sample(rng, {n}), [&](const Tensor& x) { return diagonal.log_prob(x); }));
      CHECK_FALSE(follow(diagonal.sample(rng, {n}), [&](const Tensor& x) { return base.log_prob(x); }));
      const Tensor data = rng.split("data").normal({50, d}, dtype) + numbers({1, 2});
      const auto fitted = MultivariateNormal::fit(concat({data, data * data}, 0));
      CHECK(follow(
          fitted.sample(rng, {n, d}), [&](const Tensor& x) { return fitted.log_prob(x); }, 15));
      const GaussianMixture mixture{tensor({0, 1, -1}, dtype), 2 * rng.split("mean").normal({3, d}, dtype),
                                    tensor({-1, 0, 0.5, 0.2, -1, 0}, {3, 2}, dtype)};
      const GaussianMixture cut{mixture.logits, mixture.mean, slice(mixture.log_scale, 1, 0, d)};
      CHECK(follow(cut.sample(rng, n), [&](const Tensor& x) { return cut.log_prob(x); }));
    }
}

}  // namespace dimwise::distributions_tests
