// The Fokker–Planck right-hand side, in p and in log p, and the backward generator: against closed forms, against the
// explicit divergence, against each other.
#include "hollow/sde/fokker_planck.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "autodiff/base/error.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/net/any_hollow_net.hpp"
#include "hollow/sde/diffusion.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/net/nets.hpp"

namespace dimwise::sde_fokker_planck_tests {

namespace {

constexpr DType f64 = DType::float64;
using Density = std::function<Tensor(const Tensor& t, const Tensor& x)>;  // log p, (n, d) to (n,)
using Field = std::function<Tensor(const Tensor& t, const Tensor& x)>;

double largest(const Tensor& x) { return max(abs(x)).item(); }

Tensor log_normal(const Tensor& z, const Tensor& log_scale) {
  return sum(-0.5 * square(z) - log_scale - 0.5 * std::log(2 * std::numbers::pi), {-1});
}

// All derivatives of a log-density by automatic differentiation: the time derivative by forward mode in t.
DensityDerivatives derivatives(const Density& log_p, const Tensor& t, const Tensor& x) {
  const ScalarDerivatives s = scalar_derivatives([&](const Tensor& at) { return log_p(t, at); }, x);
  const Tensor rate = jvp([&](const Tensor& at) { return log_p(at, x); }, t, ones_like(t)).second;
  return {s.value, rate, s.gradient, s.second};
}

// The residual of p in the equation of (f, g), in log p and in p.
double residual(const Field& f, const Field& g, const Density& log_p, const Tensor& t, const Tensor& x) {
  const Sde sde{brute_force_coefficient(f), brute_force_coefficient(g)};
  const DensityDerivatives p = derivatives(log_p, t, x);
  const double in_log = largest(p.time - fokker_planck_log(sde, p, t, x));
  const ScalarDerivatives plain = scalar_derivatives([&](const Tensor& at) { return exp(log_p(t, at)); }, x);
  const double in_p = largest(plain.value * p.time - fokker_planck(sde, plain, t, x));
  return std::max(in_log, in_p);
}

Tensor times(int64_t n) { return Rng(2).uniform({n, 1}, f64, 0.1, 2); }

}  // namespace

TEST_CASE("an Ornstein-Uhlenbeck process solves its equation") {
  const double theta = 1.5, mu = 0.7, sigma = 0.8, m0 = -2, v0 = 0.3;
  const Density log_p = [&](const Tensor& t, const Tensor& x) {
    const Tensor decay = exp(-theta * t), mean = mu + (m0 - mu) * decay;
    const Tensor variance = v0 * square(decay) + sigma * sigma / (2 * theta) * (1 - square(decay));
    return log_normal((x - mean) / sqrt(variance), 0.5 * log(variance));
  };
  const Field g = [&](const Tensor&, const Tensor& x) { return full(x.shape(), sigma, f64); };
  const Tensor x = 1.5 * Rng(1).normal({40, 1}, f64);
  CHECK(residual([&](const Tensor&, const Tensor& at) { return theta * (mu - at); }, g, log_p, times(40), x) < 1e-9);
  // A drift with an error of one percent is detected.
  CHECK(residual([&](const Tensor&, const Tensor& at) { return 1.01 * theta * (mu - at); }, g, log_p, times(40), x) >
        1e-3);
}

TEST_CASE("geometric Brownian motion solves its equation") {
  const double mu = 0.1, sigma = 0.3, x0 = 1.2;
  const Density log_p = [&](const Tensor& t, const Tensor& x) {
    const Tensor z = (log(x) - std::log(x0) - (mu - 0.5 * sigma * sigma) * t) / (sigma * sqrt(t));
    return log_normal(z, log(sigma * sqrt(t))) - sum(log(x), {-1});
  };
  const Field f = [&](const Tensor&, const Tensor& x) { return mu * x; };
  const Tensor x = Rng(1).uniform({40, 1}, f64, 0.6, 2.5);
  CHECK(residual(
            f, [&](const Tensor&, const Tensor& at) { return sigma * at; }, log_p, times(40), x) < 1e-9);
  CHECK(residual(
            f, [&](const Tensor&, const Tensor& at) { return 1.01 * sigma * at; }, log_p, times(40), x) > 1e-3);
}

TEST_CASE("a moving mixture solves the equation of the drift that transports it, for any diffusion") {
  // Two normal distributions in the plane, rotating at rate w: u = w J x transports them, and f = u + ½ ∇·(g²
  // p)/p = u + g ∂g + ½ g² s keeps the same density for every g.
  const double w = 0.8, spread = 0.6;
  const Density log_p = [&](const Tensor& t, const Tensor& x) {
    std::vector<Tensor> parts;
    for (const auto& [radius, phase, weight] : {std::array{1.0, 0.3, 0.4}, std::array{0.7, 2.5, 0.6}}) {
      const Tensor mean = radius * concat({cos(w * t + phase), sin(w * t + phase)});
      parts.push_back(log_normal((x - mean) / spread, full({2}, std::log(spread), f64)) + std::log(weight));
    }
    return logsumexp(stack(parts, 0), {0});
  };
  const Field g = [](const Tensor&, const Tensor& x) { return 0.5 + 0.2 * sin(x) * cos(flip(x, -1)); };
  const Tensor turn = tensor({0.0, 1.0, -1.0, 0.0}, f64);
  const Field f = [&](const Tensor& t, const Tensor& x) {
    const Tensor s = vjp([&](const Tensor& at) { return log_p(t, at); }, x, ones({}, f64)).second;
    const std::vector<Tensor> both = brute_force_coefficient(g)(t, x, 1);
    return w * matmul(x, reshape(turn, {2, 2})) + both[0] * both[1] + 0.5 * square(both[0]) * s;
  };
  const Tensor x = Rng(1).normal({30, 2}, f64);
  CHECK(residual(f, g, log_p, times(30), x) < 1e-9);
  CHECK(residual(
            f, [&](const Tensor& t, const Tensor& at) { return 1.01 * g(t, at); }, log_p, times(30), x) > 1e-3);
}

TEST_CASE("HollowNets give the same as the equation in divergence form") {
  const int64_t d = 3, n = 12;
  const auto nets = test::every_net(d, true, 0);
  const Tensor x = Rng(3).normal({n, d}, f64), t = times(n);
  const Density log_p = [](const Tensor& at, const Tensor& y) {
    return -0.5 * sum(square(y - sin(at)) * (1 + 0.3 * cos(flip(y, -1))), {-1});
  };
  const DensityDerivatives p = derivatives(log_p, t, x);
  for (size_t i = 0; i < nets.size(); ++i) {
    const auto& f = nets[i].second;
    const DiffusionNet g{nets[(i + 1) % nets.size()].second, Constant{tensor({1.0, 0.0, 0.7}, f64)},
                         Constant{tensor({0.0, 0.4, 0.0}, f64)}};
    const Sde sde{hollow_coefficient(f, {.time = true}), hollow_coefficient(g, {.time = true})};
    // −Σ ∂_i(f_i p) + ½ Σ ∂²_i(g_i² p), with each product differentiated directly.
    const auto density = [&](const Tensor& at) { return unsqueeze(exp(log_p(t, at)), -1); };
    const SdeCoefficient flux =
        brute_force_coefficient([&](const Tensor&, const Tensor& at) { return f(at, t) * density(at); });
    const SdeCoefficient spread =
        brute_force_coefficient([&](const Tensor&, const Tensor& at) { return square(g(at, t)) * density(at); });
    const Tensor truth = sum(0.5 * spread(t, x, 2)[2] - flux(t, x, 1)[1], {-1});
    const ScalarDerivatives plain = scalar_derivatives([&](const Tensor& at) { return exp(log_p(t, at)); }, x);
    INFO(nets[i].first);
    CHECK(largest(fokker_planck(sde, plain, t, x) - truth) < 1e-9);
    CHECK(largest(exp(p.log_prob) * fokker_planck_log(sde, p, t, x) - truth) < 1e-9);
    // The same by d reverse passes instead of dimension-wise derivatives.
    const Sde slow{brute_force_coefficient([&](const Tensor& s, const Tensor& at) { return f(at, s); }),
                   brute_force_coefficient([&](const Tensor& s, const Tensor& at) { return g(at, s); })};
    CHECK(largest(fokker_planck_log(slow, p, t, x) - fokker_planck_log(sde, p, t, x)) < 1e-9);
    CHECK(largest(slice(g(x, t), 1, 1, 2) - 0.4) == 0);
    CHECK(min(g(x, t)).item() > 0);
  }
}

TEST_CASE("the residual as one number is the mean absolute value or square of the equation's residual") {
  const Sde sde{brute_force_coefficient([](const Tensor&, const Tensor& x) { return -2.0 * x; }),
                brute_force_coefficient([](const Tensor&, const Tensor& x) { return 0.5 + 0.0 * x; })};
  // N(t, 1): ∂_t log p = x − t, s = t − x, D s = −1, and L*p / p = 2 + 2 x s + ½ 0.25 (s² − 1).
  const std::vector<double> times{0, 0.5, 1, 2}, places{1, -0.5, 2, 0.3};
  const Tensor t = tensor(times, {4, 1}, f64), x = tensor(places, {4, 1}, f64);
  const DensityDerivatives p =
      derivatives([](const Tensor& at, const Tensor& y) { return log_normal(y - at, zeros({1}, f64)); }, t, x);
  std::array<double, 4> by_hand{};
  for (size_t i = 0; i < 4; ++i) {
    const double s = times[i] - places[i], r = -s - (2 + 2 * places[i] * s + 0.125 * (s * s - 1));
    const double of_p = r * std::exp(-0.5 * s * s) / std::sqrt(2 * std::numbers::pi);
    by_hand[0] += std::abs(r) / 4;
    by_hand[1] += r * r / 4;
    by_hand[2] += std::abs(of_p) / 4;
    by_hand[3] += of_p * of_p / 4;
  }
  using Options = ResidualOptions;
  CHECK(fokker_planck_residual(sde, p, t, x).item() == Approx(by_hand[0]).epsilon(1e-12));
  CHECK(fokker_planck_residual(sde, p, t, x, {.norm = Options::Norm::l2}).item() == Approx(by_hand[1]).epsilon(1e-12));
  CHECK(fokker_planck_residual(sde, p, t, x, {.space = Options::Space::p}).item() == Approx(by_hand[2]).epsilon(1e-12));
  CHECK(fokker_planck_residual(sde, p, t, x, {Options::Norm::l2, Options::Space::p}).item() ==
        Approx(by_hand[3]).epsilon(1e-12));
}

TEST_CASE("the gradient of a matching loss agrees with finite differences") {
  const auto nets = test::every_net(2, false, 0);
  const Tensor x = Rng(3).normal({5, 2}, f64), t = times(5);
  const DensityDerivatives p = derivatives(
      [](const Tensor& at, const Tensor& y) { return -0.5 * sum(square(y - sin(at)) + 0.1 * square(square(y)), {-1}); },
      t, x);
  const auto& f = nets[0].second;
  const DiffusionNet g{nets[1].second, Constant{ones({2}, f64)}, Constant{zeros({2}, f64)}};
  std::vector<Tensor> all = parameters(f);
  const size_t split = all.size();
  for (const Tensor& q : parameters(g)) all.push_back(q);
  check_grads(
      [&](const std::vector<Tensor>& in) {
        size_t i = 0;
        const auto next = [&](const std::string&, const Tensor&) { return in[i++]; };
        const auto drift = map_parameters(f, next);
        REQUIRE(i == split);
        const Sde sde{hollow_coefficient(drift), hollow_coefficient(map_parameters(g, next))};
        return mean(square(p.time - fokker_planck_log(sde, p, t, x)));
      },
      all);
  const auto drift = track(f);
  const auto diffusion = track(g);
  const Tensor loss =
      mean(square(p.time - fokker_planck_log({hollow_coefficient(drift), hollow_coefficient(diffusion)}, p, t, x)));
  for (const Tensor& slope : grad(loss, parameters(diffusion))) CHECK(largest(slope) > 0);
}

TEST_CASE("the backward generator agrees with a closed form, and is the adjoint of the forward one") {
  const double mu = 0.1, sigma = 0.3, T = 2;
  const Sde gbm{brute_force_coefficient([&](const Tensor&, const Tensor& x) { return mu * x; }),
                brute_force_coefficient([&](const Tensor&, const Tensor& x) { return sigma * x; })};
  const Tensor x = Rng(1).uniform({20, 1}, f64, 0.5, 2), t = times(20);
  // u(t, x) = E[x_T² | x_t = x] = x² exp((2μ + σ²)(T − t)).
  const auto u = [&](const Tensor& s, const Tensor& at) {
    return sum(square(at) * exp((2 * mu + sigma * sigma) * (T - s)), {-1});
  };
  const Tensor rate = jvp([&](const Tensor& s) { return u(s, x); }, t, ones_like(t)).second;
  const ScalarDerivatives now = scalar_derivatives([&](const Tensor& at) { return u(t, at); }, x);
  CHECK(largest(rate + kolmogorov_backward(gbm, now, t, x)) < 1e-12);
  // ∫ u L*p = ∫ p L u, by the trapezoidal rule on an interval at whose ends all terms vanish.
  const Sde sde{brute_force_coefficient([](const Tensor&, const Tensor& at) { return at - at * at * at; }),
                brute_force_coefficient([](const Tensor&, const Tensor& at) { return 0.5 + 0.2 * tanh(at); })};
  const int64_t n = 4001;
  std::vector<double> grid;
  for (int64_t i = 0; i < n; ++i) grid.push_back(-8 + 16 * static_cast<double>(i) / static_cast<double>(n - 1));
  const Tensor line = reshape(tensor(grid, f64), {n, 1}), zero = scalar(0, f64);
  const ScalarDerivatives p =
      scalar_derivatives([](const Tensor& at) { return sum(exp(-0.7 * square(at - 0.3)), {-1}); }, line);
  const ScalarDerivatives v =
      scalar_derivatives([](const Tensor& at) { return sum(sin(at) + 0.2 * square(at), {-1}); }, line);
  const double h = 16.0 / static_cast<double>(n - 1);
  const double forward = h * sum(v.value * fokker_planck(sde, p, zero, line)).item();
  const double backward = h * sum(p.value * kolmogorov_backward(sde, v, zero, line)).item();
  CHECK(std::abs(forward) > 0.1);
  CHECK(std::abs(forward - backward) < 1e-9);
  // Probability is conserved: ∫ L*p = 0.
  CHECK(std::abs(h * sum(fokker_planck(sde, p, zero, line)).item()) < 1e-9);
}

TEST_CASE("one Euler step has the expected normal distribution") {
  const Sde sde{brute_force_coefficient([](const Tensor&, const Tensor& x) { return -2.0 * x; }),
                brute_force_coefficient([](const Tensor&, const Tensor& x) {
                  return 0.5 * ones_like(x) * tensor({1.0, 0.0}, f64);
                })};
  const Tensor t0 = zeros({1, 1}, f64), t1 = full({1, 1}, 0.1, f64);
  const Tensor x0 = tensor({1.0, 1.0}, f64), x1 = tensor({0.9, 0.7}, f64);
  const std::vector<double> each = euler_log_prob(sde, t0, reshape(x0, {1, 2}), t1, reshape(x1, {1, 2}), 2).values();
  const auto normal = [](double x, double mean, double variance) {
    return -0.5 * ((x - mean) * (x - mean) / variance + std::log(2 * std::numbers::pi * variance));
  };
  CHECK(each[0] == Approx(normal(0.9, 0.8, 0.025)).epsilon(1e-12));
  CHECK(each[1] == Approx(normal(0.7, 0.8, 0.4)).epsilon(1e-12));
  CHECK_THROWS_WITH(euler_log_prob(sde, t1, reshape(x0, {1, 2}), t0, reshape(x1, {1, 2})),
                    Catch::Contains("Times must increase"));
}

}  // namespace dimwise::sde_fokker_planck_tests
