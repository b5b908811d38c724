// Distributions in their tails, at infinite parameters, for degenerate data, and for shapes that do not fit.

#include <cmath>
#include <limits>

#include "autodiff/transforms.hpp"
#include "nn/distributions/bernoulli.hpp"
#include "nn/distributions/mixture.hpp"
#include "nn/distributions/multivariate_normal.hpp"
#include "nn/distributions/normal.hpp"
#include "nn/layer_norm.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::distribution_edges_tests {

namespace {
constexpr DType f32 = DType::float32, f64 = DType::float64;
constexpr double inf = std::numeric_limits<double>::infinity();
using Values = std::vector<double>;
}  // namespace

TEST_CASE("Bernoulli log-probabilities keep their digits in the tails, with gradients") {
  for (const DType dtype : {f32, f64})
    for (int64_t n = 1; n <= 40; ++n)
      for (const double l : {0.1, 3.0, 10.0, 14.0, 17.0, 40.0}) {
        const double eps = dtype == f32 ? 1e-6 : 1e-14, expected = -std::log1p(std::exp(-l));
        const Tensor logits = track(full({n, 1}, l, dtype));
        for (const double sign : {1.0, -1.0}) {
          const Tensor p = Bernoulli{sign * logits}.log_prob(full({n, 1}, sign > 0 ? 1 : 0, dtype));
          const Tensor g = grad(sum(p), logits);
          for (const double v : p.values()) CHECK(v == Approx(expected).epsilon(eps));
          for (const double v : g.values()) CHECK(v == Approx(1 / (1 + std::exp(l))).epsilon(eps));
        }
      }
  CHECK(Bernoulli{tensor({14})}.log_prob(tensor({1})).item() == Approx(-8.31528e-7).epsilon(1e-5));
  CHECK(Bernoulli{tensor({40}, f64)}.log_prob(tensor({1}, f64)).item() == Approx(-4.248e-18).epsilon(1e-3));
  // Between 0 and 1, for which x is differentiable too.
  const Tensor x = track(tensor({0, 0.25, 1}, f64)), logits = tensor({1, -2, 3}, f64);
  CHECK(grad(Bernoulli{logits}.log_prob(x), x).values()[0] == Approx(1));
  CHECK(grad(Bernoulli{logits}.log_prob(x), x).values()[1] == Approx(-2));
  CHECK(grad(Bernoulli{logits}.log_prob(x), x).values()[2] == Approx(3));
}

TEST_CASE("Infinite logits are certain: log-probabilities of 0 or −∞, entropy 0") {
  for (const DType dtype : {f32, f64})
    for (int64_t n = 1; n <= 40; ++n)
      for (const double l : {inf, -inf}) {
        const Bernoulli b{full({n, 1}, l, dtype)};
        const double sure = l > 0 ? 1 : 0;
        CHECK(b.log_prob(full({n, 1}, sure, dtype)).values() == Values(static_cast<size_t>(n), 0));
        CHECK(b.log_prob(full({n, 1}, 1 - sure, dtype)).values() == Values(static_cast<size_t>(n), -inf));
        CHECK(b.entropy().values() == Values(static_cast<size_t>(n), 0));
      }
}

TEST_CASE("A normal density of a tiny scale is finite at its mean, and so are gradients of mixtures with one") {
  for (const auto& [dtype, s] :
       {std::pair(f32, -89.0), std::pair(f32, -150.0), std::pair(f64, -710.0), std::pair(f64, -1000.0)}) {
    const Tensor mean = track(tensor({0.5}, dtype)), log_scale = track(tensor({s}, dtype));
    const Tensor p = DiagonalNormal{mean, log_scale}.log_prob(tensor({0.5}, dtype));
    CHECK(p.item() == Approx(-s - 0.5 * std::log(2 * M_PI)).epsilon(1e-6));
    CHECK(grad(p, log_scale).item() == -1);
    CHECK(grad(p, mean).item() == 0);
  }
  const Tensor logits = track(tensor({0, 0})), log_scale = track(tensor({-89, 0}, {2, 1}));
  const auto at = [&](double x) { return GaussianMixture{logits, zeros({2, 1}), log_scale}.log_prob(tensor({x})); };
  CHECK(at(0).item() == Approx(87.39).epsilon(1e-4));
  CHECK(at(1).item() == Approx(-0.5 - 0.5 * std::log(2 * M_PI) - std::log(2)).epsilon(1e-5));
  for (const double x : {0.0, 1.0})
    for (const Tensor& of : {logits, log_scale})
      for (const double g : grad(sum(at(x)), of).values()) CHECK(std::isfinite(g));
}

TEST_CASE("A component of weight 0 is not drawn, and not felt in a gradient") {
  std::vector<double> logits(1001, 0.0);
  logits[1000] = -inf;
  const Tensor mean = reshape(arange(1001.0), {1001, 1}), log_scale = full({1001, 1}, -20);
  const GaussianMixture m{tensor(logits), mean, log_scale};
  CHECK(max(m.sample(Rng(1), 1000000)).item() < 999.5);
  const Tensor l = track(tensor({0, -inf})), center = track(tensor({1, 2}, {2, 1}));
  const Tensor p = GaussianMixture{l, center, zeros({2, 1})}.log_prob(tensor({0.5}));
  CHECK(grad(p, l).values() == Values{0, 0});
  CHECK(grad(p, center).values() == Values{-0.5, 0});
  CHECK_THROWS_AS((GaussianMixture{full({2}, -inf), mean, log_scale}.sample(Rng(1), 1)), ShapeError);
  for (const double bad : {double{NAN}, inf, -inf})
    CHECK_THROWS_WITH((GaussianMixture{full({1001}, bad), mean, log_scale}.sample(Rng(1), 1)),
                      Catch::Contains("give no weights"));
}

TEST_CASE("Shapes that do not fit a distribution are refused, not stretched") {
  CHECK_THROWS_AS((Bernoulli{zeros({2, 1})}.log_prob(zeros({2}))), ShapeError);
  CHECK_THROWS_AS((Bernoulli{zeros({3})}.log_prob(zeros({}))), ShapeError);
  CHECK_THROWS_AS((DiagonalNormal{zeros({3}), zeros({3})}.log_prob(zeros({5, 1}))), ShapeError);
  CHECK_THROWS_AS((GaussianMixture{zeros({1}), zeros({3, 2}), zeros({3, 2})}.log_prob(zeros({2}))), ShapeError);
  CHECK_THROWS_AS((GaussianMixture{zeros({3}), zeros({2}), zeros({2})}.log_prob(zeros({2}))), ShapeError);
  CHECK_THROWS_WITH((DiagonalNormal{zeros({3}), zeros({3})}.log_prob(zeros({5, 1}))),
                    Catch::Contains("(5, 1)") && Catch::Contains("length 3"));
}

TEST_CASE("No rows give no values, in every distribution and LayerNorm") {
  const Tensor none = zeros({0, 3});
  CHECK((StandardNormal{.d = 3}.log_prob(none).shape() == Shape{0}));
  CHECK((DiagonalNormal{zeros({3}), zeros({3})}.log_prob(none).shape() == Shape{0}));
  CHECK((Bernoulli{zeros({3})}.log_prob(none).shape() == Shape{0}));
  CHECK((Bernoulli{none}.entropy().shape() == Shape{0}));
  CHECK((GaussianMixture{zeros({2}), zeros({2, 3}), zeros({2, 3})}.log_prob(none).shape() == Shape{0}));
  const MultivariateNormal g = MultivariateNormal::fit(Rng(1).normal({20, 3}));
  CHECK(g.log_prob(none).shape() == Shape{0});
  CHECK(g.sample(Rng(1), {0}).shape() == Shape{0, 3});
  CHECK(LayerNorm(3)(none).shape() == Shape{0, 3});
}

TEST_CASE("Whether data have a covariance does not depend on units or rounding") {
  const auto refused = [](const Tensor& data, const std::string& text) {
    CHECK_THROWS_AS(MultivariateNormal::fit(data), ValueError);
    CHECK_THROWS_WITH(MultivariateNormal::fit(data), Catch::Contains(text));
  };
  const Tensor u = Rng(2).normal({50, 1}, f64), v = Rng(3).normal({50, 1}, f64);
  refused(tensor({1, 3, 2, 6, 4, 12}, {3, 2}), "linear combination");
  refused(concat({u, 2 * u}, 1), "linear combination");
  refused(concat({1e-100 * u, v, 1e100 * u - 3e100 * v}, 1), "linear combination");
  refused(full({6, 2}, 0.1, f64), "column 1");
  refused(tensor({1, 2}, {1, 2}), "column 1");
  for (const double bad : {double{NAN}, inf}) refused(tensor({1, 2, 3, bad, 5, 7}, {3, 2}), "not finite");
  const MultivariateNormal g = MultivariateNormal::fit(concat({1e-100 * u, 1e100 * (u + 0.01 * v)}, 1));
  CHECK(std::isfinite(g.entropy().item()));
  const std::vector<double> l = g.scale_tril.value.values();
  CHECK(l[0] == Approx(std::sqrt(mean(square(u - mean(u))).item()) * 1e-100));
}

TEST_CASE("LayerNorm of equal numbers is the bias, of every length, and of extreme numbers does not overflow") {
  for (const DType dtype : {f32, f64})
    for (int64_t n = 1; n <= 64; ++n)
      for (const double v : {1000000.3125, 1e4 / 3, 1e15 / 7, 0.1, -7.7}) {
        LayerNorm norm(n, dtype);
        norm.bias = Rng(4).normal({n}, dtype);
        const Tensor x = track(full({2, n}, v, dtype)), y = norm(x);
        CHECK(select(y, 0, 1).values() == norm.bias.values());
        for (const double g : grad(sum(y * y), x).values()) CHECK(std::isfinite(g));
      }
  for (const auto& [dtype, large] : {std::pair(f32, 2e19), std::pair(f64, 1e160)}) {
    const Tensor x = track(tensor({large, -large}, dtype)), y = LayerNorm(2, dtype)(x);
    CHECK(y.values() == Values{1, -1});
    LayerNorm bare(2, dtype);
    bare.eps = 0;
    const Values tiny = bare(tensor({1 / large, -1 / large}, dtype)).values();
    CHECK(tiny[0] == Approx(1));
    CHECK(tiny[1] == Approx(-1));
  }
  // The scale changes neither values nor gradients.
  const Tensor x = track(100 * Rng(6).normal({3, 5}, f64)), w = Rng(7).normal({3, 5}, f64);
  const auto plain = [](const Tensor& in) {
    const Tensor c = in - mean(in, {-1}, true);
    return c * rsqrt(mean(square(c), {-1}, true) + 1e-5);
  };
  const Tensor a = LayerNorm(5, f64)(x), b = plain(x);
  CHECK(max(abs(a - b)).item() < 1e-13);
  CHECK(max(abs(grad(sum(w * a), x) - grad(sum(w * b), x))).item() < 1e-14);
}

}  // namespace dimwise::distribution_edges_tests
