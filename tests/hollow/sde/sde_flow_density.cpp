// The time-dependent flow: closed forms, differences, normalization at every time, samples, gradients, a fit.
#include "hollow/sde/flow_density.hpp"

#include <cmath>
#include <numbers>
#include "autodiff/context.hpp"

#include "autodiff/base/error.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/flow/cnf.hpp"
#include "nn/optim/adam.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/kolmogorov_smirnov.hpp"

namespace dimwise::sde_flow_density_tests {

namespace {

constexpr DType f64 = DType::float64;

double largest(const Tensor& x) { return max(abs(x)).item(); }

FlowDensity<AnyHollowNet> flow(int64_t d, int64_t context = 0, const FlowDensityOptions& options = {.steps = 40}) {
  const auto p = make_flow_density(
      {.d = d, .d_h = 3, .hidden = {8}, .transformer_hidden = {6}, .context = context, .dtype = f64}, Rng(5), options);
  return map_parameters(p, [](const std::string&, const Tensor& w) { return 1.5 * w; });
}

// u = (a + b θ) ⊙ x.
struct Growth {
  Tensor a, b;
  struct Bound {
    Tensor rate;
    Tensor conditioner(const Tensor& x) const { return zeros(x.shape(), x.dtype()); }
    Tensor transformer(const Tensor& x, const Tensor&) const { return rate * x; }
    Tensor operator()(const Tensor& x) const { return rate * x; }
  };
  Bound at(const Tensor& theta) const { return {a + b * theta}; }
  Growth prepare(const Tensor& = {}) const { return *this; }
};

std::vector<double> grid(int64_t n, double low, double high) {
  std::vector<double> points;
  for (int64_t i = 0; i < n; ++i)
    points.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(n - 1));
  return points;
}

}  // namespace

TEST_CASE("a linear flow has the expected Gaussian density at every time") {
  const double lead = 0.8, unit = 2.5;
  const Growth u{tensor({0.5, -0.3}, f64), tensor({-0.2, 0.4}, f64)};
  const FlowDensity<Growth> p{u, 2, {.lead = lead, .time_scale = unit, .steps = 60}};
  const Tensor x = Rng(1).normal({30, 2}, f64), t = Rng(2).uniform({30, 1}, f64, 0, 4), theta = t / unit;
  const Tensor log_scale = u.a * (theta + lead) + 0.5 * u.b * (square(theta) - lead * lead);
  const Tensor variance = exp(2 * log_scale), rate = (u.a + u.b * theta) / unit;
  const DensityDerivatives all = p.derivatives(t, x);
  CHECK(largest(all.log_prob - (base_log_prob(x * exp(-log_scale)) - sum(log_scale, {-1}))) < 1e-8);
  CHECK(largest(all.time - sum(rate * (square(x) / variance - 1), {-1})) < 1e-7);
  CHECK(largest(all.score + x / variance) < 1e-7);
  CHECK(largest(all.score_diagonal + 1 / variance) < 1e-7);
  const Tensor z = p.sample(Rng(3), t);
  CHECK(largest(z - exp(log_scale) * Rng(3).normal({30, 2}, f64)) < 1e-7);
}

TEST_CASE("time derivative, score and its diagonal agree with finite differences") {
  const auto p = flow(2, 2, {.lead = 0.7, .time_scale = 1.5, .steps = 40});
  const Tensor x = Rng(1).normal({10, 2}, f64), t = Rng(2).uniform({10, 1}, f64, 0, 3), c = Rng(3).normal({10, 2}, f64);
  const DensityDerivatives all = p.derivatives(t, x, c);
  CHECK(largest(all.log_prob - p.log_prob(t, x, c)) < 1e-12);
  const double h = 1e-4;
  CHECK(largest(all.time - (p.log_prob(t + h, x, c) - p.log_prob(t - h, x, c)) / (2 * h)) < 1e-6);
  CHECK(largest(all.time) > 0.1);
  for (int64_t i = 0; i < 2; ++i) {
    const Tensor step = h * place_row(scalar(1, f64), i, 2);
    const Tensor up = p.log_prob(t, x + step, c), down = p.log_prob(t, x - step, c);
    CHECK(largest(select(all.score, 1, i) - (up - down) / (2 * h)) < 1e-6);
    CHECK(largest(select(all.score_diagonal, 1, i) - (up - 2 * all.log_prob + down) / (h * h)) < 1e-5);
  }
}

TEST_CASE("the gradients of all derivatives with respect to every parameter agree with finite differences") {
  const auto p = make_flow_density({.d = 2, .d_h = 2, .hidden = {4}, .transformer_hidden = {3}, .dtype = f64}, Rng(5),
                                   {.steps = 2});
  const Tensor x = Rng(1).normal({3, 2}, f64), t = Rng(2).uniform({3, 1}, f64);
  check_grads(
      [&](const std::vector<Tensor>& in) {
        size_t i = 0;
        const auto q = map_parameters(p, [&](const std::string&, const Tensor&) { return in[i++]; });
        const DensityDerivatives all = q.derivatives(t, x);
        return concat({all.log_prob, all.time, reshape(all.score, {6}), reshape(all.score_diagonal, {6})});
      },
      parameters(p), {.forward = false});
}

TEST_CASE("derivatives are recorded if and only if they depend on a tracked parameter") {
  const auto p = flow(2, 0, {.steps = 2});
  const Tensor x = Rng(1).normal({3, 2}, f64), t = ones({3, 1}, f64);
  const auto tracked = [](const DensityDerivatives& all) {
    return std::vector<bool>{all.log_prob.tracked(), all.time.tracked(), all.score.tracked(),
                             all.score_diagonal.tracked()};
  };
  CHECK(tracked(p.derivatives(t, x)) == std::vector<bool>(4, false));
  CHECK(tracked(track(p).derivatives(t, x)) == std::vector<bool>(4, true));
  const NoGrad guard;
  CHECK(tracked(track(p).derivatives(t, x)) == std::vector<bool>(4, false));
}

TEST_CASE("the flow's density integrates to one at every time and for every law") {
  const auto p = flow(2, 1);
  const int64_t n = 121;
  const std::vector<double> points = grid(n, -9, 9);
  std::vector<double> xy;
  for (const double x : points)
    for (const double y : points) xy.insert(xy.end(), {x, y});
  const Tensor x = tensor(xy, {n * n, 2}, f64);
  const double cell = std::pow(points[1] - points[0], 2);
  for (const auto& [t, law] : {std::pair{0.0, 0.0}, {0.5, 1.0}, {2.0, 0.0}}) {
    INFO("t = " << t << ", law " << law);
    const Tensor log_p = p.log_prob(full({n * n, 1}, t, f64), x, full({n * n, 1}, law, f64));
    CHECK(sum(exp(log_p)).item() * cell == Approx(1).epsilon(1e-3));
  }
}

TEST_CASE("the flow's samples follow the density of their time and law") {
  const auto p = flow(1, 1, {.steps = 16});
  const int64_t n = 20000, m = 2001;
  std::vector<double> means;
  for (const auto& [t, law] : {std::pair{0.0, 0.0}, {0.0, 3.0}, {2.0, 3.0}}) {
    const Tensor times = full({n, 1}, t, f64), laws = full({n, 1}, law, f64);
    const Tensor x = p.sample(Rng(9), times, laws);
    const std::vector<double> points = grid(m, -20, 20);
    const Tensor at = tensor(points, {m, 1}, f64);
    const Tensor density = exp(p.log_prob(full({m, 1}, t, f64), at, full({m, 1}, law, f64)));
    const auto expected = [&](const Tensor& g) {
      return sum(density * squeeze(g, -1)).item() * (points[1] - points[0]);
    };
    const double mu = expected(at), variance = expected(square(at - mu));
    CHECK(std::abs(mean(x).item() - mu) < 4 * std::sqrt(variance / static_cast<double>(n)));
    const Tensor squares = square(x - mu);
    const double spread = std::sqrt(mean(square(squares - variance)).item() / static_cast<double>(n));
    CHECK(std::abs(mean(squares).item() - variance) < 4 * spread);
    CHECK(follow(x, [&, t = t, law = law](const Tensor& y) {
      return p.log_prob(full({y.dim(0), 1}, t, f64), y, full({y.dim(0), 1}, law, f64));
    }));
    means.push_back(mu);
  }
  CHECK(std::abs(means[1] - means[0]) > 0.05);
  CHECK(std::abs(means[2] - means[1]) > 0.05);
}

TEST_CASE("maximum likelihood reaches the entropy of a moving normal distribution") {
  auto p = make_flow_density({.d = 2, .d_h = 4, .hidden = {16}, .transformer_hidden = {16}}, Rng(1), {.steps = 4});
  const auto draw = [](int64_t n, const Rng& rng) {
    const Tensor t = rng.split("t").uniform({n, 1}, DType::float32, 0, 2);
    const Tensor mean = concat({sin(2 * t), 0.5 * t - 1}), scale = concat({0.4 + 0.3 * t, 0.7 + 0 * t});
    return std::pair{t, mean + scale * rng.split("x").normal({n, 2})};
  };
  Adam adam{.lr = 1e-2};
  for (uint64_t step = 0; step < 200; ++step) {
    const auto [t, x] = draw(128, Rng(2).split(step));
    const auto g = value_and_grad([&, t = t, x = x](const auto& m) { return -mean(m.log_prob(t, x)); }, p).second;
    adam.step(p, g);
  }
  // The entropy of N(·, σ₁², σ₂²) is 1 + log 2π + log σ₁ + log σ₂; log σ₁ is averaged over t in [0, 2].
  const auto [t, x] = draw(4000, Rng(3));
  const double log_scales = mean(log(0.4 + 0.3 * t)).item() + std::log(0.7);
  const double entropy = 1 + std::log(2 * std::numbers::pi) + log_scales;
  const double cross = -mean(p.log_prob(t, x)).item();
  INFO("cross-entropy " << cross << ", entropy " << entropy);
  CHECK(cross - entropy < 0.08);
  CHECK(cross - entropy > -0.06);  // four standard errors of 4000 points
}

TEST_CASE("invalid shapes, times and settings of a flow are reported") {
  const auto p = flow(2, 0, {.lead = 0.5, .time_scale = 2, .steps = 2});
  const Tensor x = Rng(1).normal({4, 2}, f64), t = ones({4, 1}, f64);
  CHECK_THROWS_WITH(p.log_prob(scalar(0, f64), x), Catch::Contains("of shape (n, 1)"));
  CHECK_THROWS_WITH(p.log_prob(t, Rng(1).normal({3, 2}, f64)), Catch::Contains("(4, d)"));
  CHECK_THROWS_WITH(p.log_prob(-2 * t, x), Catch::Contains("the flow starts at -1"));
  CHECK_THROWS_WITH(p.derivatives(t, x, t), Catch::Contains("context"));
  CHECK_THROWS_WITH(make_flow_density({}, Rng(1), {.steps = 0}), Catch::Contains("steps = 0"));
  CHECK_THROWS_WITH(make_flow_density({.conditioner = "none"}, Rng(1)), Catch::Contains("none"));
}

}  // namespace dimwise::sde_flow_density_tests
