// The weak form of the Fokker–Planck equation: 0 for exact solutions, equal to the strong form, unbiased, with the
// gradients of the expectation.
#include "hollow/sde/weak.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "autodiff/base/error.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/sde/diffusion.hpp"
#include "hollow/sde/fokker_planck.hpp"
#include "hollow/sde/mixture.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/net/nets.hpp"

namespace dimwise::sde_weak_tests {

namespace {

constexpr DType f64 = DType::float64;

double largest(const Tensor& x) { return max(abs(x)).item(); }

TimeMixture mixture(int64_t d) {
  TimeMixture p({.d = d, .components = 2, .hidden = {6}, .dtype = f64}, Rng(5));
  p.spread(Rng(6).normal({50, d}, f64), Rng(7));
  return p;
}

DiffusionNet<AnyHollowNet> learned(const AnyHollowNet& net, int64_t d) {
  return {net, Constant{ones({d}, f64)}, Constant{zeros({d}, f64)}};
}

Sde nets(const AnyHollowNet& drift, const AnyHollowNet& diffusion, int64_t d) {
  return {hollow_coefficient(drift), hollow_coefficient(learned(diffusion, d))};
}

Tensor line(int64_t n, double low, double high) {
  std::vector<double> x;
  for (int64_t i = 0; i < n; ++i) x.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(n - 1));
  return tensor(x, {n, 1}, f64);
}

// E of weak_residuals, (K,), of a density on a line, by the trapezoidal rule.
Tensor expected(const Sde& sde, const TimeMixture& p, double t, const TestFunctions& functions) {
  const int64_t n = 2001;
  const Tensor x = line(n, -15, 15), at = full({n, 1}, t, f64);
  const DensityDerivatives all = p.derivatives(at, x);
  return sum(unsqueeze(exp(all.log_prob), -1) * weak_residuals(sde, all.time, at, x, functions), {0}) * 30.0 /
         static_cast<double>(n - 1);
}

// n points at equal distances in probability: a mean over them is close to an expectation.
std::vector<double> quantiles(const TimeMixture& p, double t, int64_t n) {
  const int64_t m = 40001;
  const Tensor x = line(m, -15, 15);
  const std::vector<double> density = exp(p.log_prob(full({m, 1}, t, f64), x)).values(), place = x.values();
  std::vector<double> all;
  double below = 0;
  for (size_t i = 1; i < density.size(); ++i) {
    const double mass = 0.5 * (density[i - 1] + density[i]) * (place[i] - place[i - 1]);
    const auto next = [&] { return (static_cast<double>(all.size()) + 0.5) / static_cast<double>(n); };
    while (next() < std::min(below + mass, 1.0))
      all.push_back(place[i - 1] + (place[i] - place[i - 1]) * (next() - below) / mass);
    below += mass;
  }
  return all;
}

// Two equal halves of quantiles for each time: rows of t and x.
std::pair<Tensor, Tensor> runs(const TimeMixture& p, const std::vector<double>& times, int64_t half) {
  std::vector<double> t, x;
  for (const double each : times) {
    const std::vector<double> points = quantiles(p, each, half);
    REQUIRE(points.size() == static_cast<size_t>(half));
    for (int copy = 0; copy < 2; ++copy) x.insert(x.end(), points.begin(), points.end());
    t.insert(t.end(), static_cast<size_t>(2 * half), each);
  }
  const auto n = static_cast<int64_t>(t.size());
  return {tensor(t, {n, 1}, f64), tensor(x, {n, 1}, f64)};
}

// The modules with their tensors replaced by those of `in`, in order.
struct Given {
  const std::vector<Tensor>& in;
  size_t i = 0;
  template <class Module>
  Module operator()(const Module& m) {
    return map_parameters(m, [&](const std::string&, const Tensor&) { return in[i++]; });
  }
};

}  // namespace

TEST_CASE("an Ornstein-Uhlenbeck process solves its equation in the weak form, and no other") {
  const int64_t n = 100000, d = 3;
  const Tensor theta = tensor({1.5, 0.6, 2.0}, f64), mu = tensor({0.7, 0.0, -1.0}, f64),
               sigma = tensor({0.8, 0.5, 1.2}, f64), m0 = tensor({-2.0, 1.5, 0.0}, f64);
  const Tensor t = Rng(1).uniform({n, 1}, f64, 0, 1.5), z = Rng(2).normal({n, d}, f64);
  const auto law = [&](const Tensor& at) {
    const Tensor decay = exp(-theta * at);
    return std::pair(mu + (m0 - mu) * decay, 0.3 * square(decay) + square(sigma) / (2 * theta) * (1 - square(decay)));
  };
  const auto [m, v] = law(t);
  const Tensor x = m + sqrt(v) * z;
  const auto log_p = [&](const Tensor& at) {
    const auto [center, variance] = law(at);
    return sum(-0.5 * (square(x - center) / variance + log(variance)), {-1});
  };
  const Tensor rate = jvp(log_p, t, ones_like(t)).second;
  const TestFunctions functions(32, d, 0.7, Rng(3), f64);
  // The mean for each test function, in its standard errors.
  const auto off = [&](double pull, double noise) {
    const Sde sde{
        brute_force_coefficient([&](const Tensor&, const Tensor& at) { return pull * theta * (mu - at); }),
        brute_force_coefficient([&](const Tensor&, const Tensor& at) { return noise * sigma * ones_like(at); })};
    const Tensor all = weak_residuals(sde, rate, t, x, functions);
    CHECK(all.shape() == Shape{n, 32});
    const Tensor center = mean(all, {0});
    return largest(center * std::sqrt(static_cast<double>(n)) / sqrt(mean(square(all - center), {0})));
  };
  CHECK(off(1, 1) < 4);
  CHECK(off(1.2, 1) > 20);
  CHECK(off(1, 1.2) > 20);
}

TEST_CASE("the weak form equals the strong form, with derivatives moved to the test functions") {
  const auto all = test::every_net(2, false, 0);
  const Sde sde = nets(all[0].second, all[1].second, 2);
  const TimeMixture p = mixture(2);
  const int64_t m = 161;
  const double low = -9, high = 9, cell = std::pow((high - low) / static_cast<double>(m - 1), 2);
  const Tensor one = line(m, low, high), first = reshape(broadcast_to(one, {m, m}), {m * m, 1});
  const Tensor x = concat({first, reshape(broadcast_to(transpose(one), {m, m}), {m * m, 1})}, 1);
  const TestFunctions functions(8, 2, 0.5, Rng(3), f64);
  for (const double time : {0.0, 0.7}) {
    const Tensor t = full({m * m, 1}, time, f64);
    const DensityDerivatives at = p.derivatives(t, x);
    const Tensor weight = unsqueeze(exp(at.log_prob), -1) * cell;
    CHECK(sum(weight).item() == Approx(1).epsilon(1e-9));
    const Tensor phi = functions.weight * cos(matmul(x, transpose(functions.w)) + functions.b);
    const Tensor strong = sum(weight * phi * unsqueeze(at.time - fokker_planck_log(sde, at, t, x), -1), {0});
    const Tensor weak = sum(weight * weak_residuals(sde, at.time, t, x, functions), {0});
    CHECK(largest(weak - strong) < 1e-7);
    CHECK(largest(weak) > 0.01);
  }
}

TEST_CASE("the estimate of the squared residual is unbiased, and a plain square is not") {
  const auto all = test::every_net(1, false, 0);
  const Sde sde = nets(all[0].second, all[1].second, 1);
  const TimeMixture p = mixture(1);
  const TestFunctions functions(4, 1, 0.5, Rng(3), f64);
  const double time = 0.4, exact = mean(square(expected(sde, p, time, functions))).item();
  const int64_t seeds = 4000, length = 8;
  std::vector<double> estimates, squares;
  const Tensor t = full({length, 1}, time, f64);
  for (int64_t seed = 0; seed < seeds; ++seed) {
    const Tensor x = p.sample(Rng(static_cast<uint64_t>(seed)), t);
    const DensityDerivatives at = p.derivatives(t, x);
    estimates.push_back(weak_residual(sde, at, t, x, 1, functions).item());
    squares.push_back(mean(square(mean(weak_residuals(sde, at.time, t, x, functions), {0}))).item());
  }
  const auto off = [&](const std::vector<double>& values) {
    const Tensor each = tensor(values, f64), center = mean(each);
    return (center.item() - exact) / std::sqrt(mean(square(each - center)).item() / static_cast<double>(seeds));
  };
  CHECK(std::abs(off(estimates)) < 4);
  CHECK(off(squares) > 20);
}

TEST_CASE("runs are squared separately, each in its law") {
  const auto all = test::every_net(1, false, 0);
  const Sde sde = nets(all[0].second, all[1].second, 1);
  const TimeMixture p = mixture(1);
  const TestFunctions functions(4, 1, 0.5, Rng(3), f64);
  const std::vector<double> times{0, 0.5, 2};
  double exact = 0;
  for (const double t : times) exact += mean(square(expected(sde, p, t, functions))).item() / 3;
  const auto [t, x] = runs(p, times, 2000);
  CHECK(weak_residual(sde, p.derivatives(t, x), t, x, 3, functions).item() == Approx(exact).epsilon(5e-3));
}

TEST_CASE("the gradient with respect to drift, diffusion and density is that of the expectation's square") {
  const auto all = test::every_net(1, false, 0);
  const AnyHollowNet drift = all[0].second, diffusion = all[1].second;
  const TimeMixture p = mixture(1);
  const TestFunctions functions(4, 1, 0.5, Rng(3), f64);
  const double time = 0.4;
  std::vector<Tensor> own;
  std::vector<size_t> ends;
  for (const auto& part : {parameters(drift), parameters(diffusion), parameters(p)}) {
    own.insert(own.end(), part.begin(), part.end());
    ends.push_back(own.size());
  }
  const auto exact = [&](const std::vector<Tensor>& in) {
    Given next{in};
    const AnyHollowNet f = next(drift), g = next(diffusion);
    return mean(square(expected(nets(f, g, 1), next(p), time, functions))).item();
  };
  const auto [t, x] = runs(p, {time}, 4000);
  std::vector<Tensor> tracked;
  for (const Tensor& each : own) tracked.push_back(track(each));
  Given next{tracked};
  const AnyHollowNet f = next(drift), g = next(diffusion);
  const Tensor loss = weak_residual(nets(f, g, 1), next(p).derivatives(t, x), t, x, 1, functions);
  const std::vector<Tensor> slopes = grad(loss, tracked);
  const double h = 1e-5;
  for (size_t i = 0; i < own.size(); ++i) {
    const Tensor direction = Rng(i).normal(own[i].shape(), f64);
    std::vector<Tensor> up = own, down = own;
    up[i] = own[i] + h * direction;
    down[i] = own[i] - h * direction;
    INFO(i);
    CHECK(sum(slopes[i] * direction).item() == Approx((exact(up) - exact(down)) / (2 * h)).epsilon(5e-3).margin(2e-6));
  }
  for (const size_t end : ends) CHECK(largest(slopes[end - 1]) > 1e-4);
}

TEST_CASE("the gradient with respect to f and g at fixed points agrees with finite differences") {
  const auto all = test::every_net(2, false, 0);
  const AnyHollowNet drift = all[0].second, diffusion = all[1].second;
  const TimeMixture p = mixture(2);
  const Tensor t = Rng(1).uniform({8, 1}, f64), x = Rng(2).normal({8, 2}, f64);
  const DensityDerivatives at = p.derivatives(t, x);
  std::vector<Tensor> own = parameters(drift);
  for (const Tensor& each : parameters(diffusion)) own.push_back(each);
  check_grads(
      [&](const std::vector<Tensor>& in) {
        Given next{in};
        const AnyHollowNet f = next(drift), g = next(diffusion);
        return weak_residual(nets(f, g, 2), at, t, x, 2, TestFunctions(5, 2, 0.5, Rng(3), f64));
      },
      own);
}

TEST_CASE("test functions have the given length and equal bounds, and depend on at most two components") {
  const int64_t k = 20000;
  const TestFunctions plane(k, 2, 0.5, Rng(1), f64);
  const double bound = 4.5 / std::sqrt(static_cast<double>(2 * k));
  CHECK(std::abs(mean(plane.w).item()) < 2 * bound);
  CHECK(std::abs(mean(square(plane.w)).item() - 4) < 4 * bound * std::sqrt(2.0));
  CHECK(mean(plane.b).item() == Approx(std::numbers::pi).epsilon(0.02));
  CHECK(min(plane.b).item() >= 0);
  CHECK(max(plane.b).item() == Approx(2 * std::numbers::pi).epsilon(1e-3));
  CHECK(largest(plane.weight - 1 / (1 + 0.5 * sum(square(plane.w), {-1}))) < 1e-14);

  const int64_t d = 7;
  const TestFunctions many(500, d, 0.5, Rng(1));
  CHECK(many.w.dtype() == DType::float32);
  const std::vector<double> w = many.w.values();
  std::vector<int> uses(static_cast<size_t>(d));
  int least = 2, most = 1;
  for (size_t row = 0; row < 500; ++row) {
    int used = 0;
    for (size_t i = 0; i < static_cast<size_t>(d); ++i) {
      const bool is = w[row * static_cast<size_t>(d) + i] != 0;
      used += is;
      uses[i] += is;
    }
    most = std::max(most, used);
    least = std::min(least, used);
  }
  CHECK(least == 1);
  CHECK(most == 2);
  for (const int each : uses) CHECK(each > 80);
}

TEST_CASE("runs of odd or unequal length are rejected") {
  const Sde sde{brute_force_coefficient([](const Tensor&, const Tensor& x) { return -x; }),
                brute_force_coefficient([](const Tensor&, const Tensor& x) { return ones_like(x); })};
  const TimeMixture p = mixture(1);
  const Tensor t = zeros({12, 1}, f64), x = ones({12, 1}, f64);
  const DensityDerivatives at = p.derivatives(t, x);
  const TestFunctions functions(4, 1, 0.5, Rng(3), f64);
  for (const int64_t laws : {0, 4, 5, 12, -2})
    CHECK_THROWS_WITH(weak_residual(sde, at, t, x, laws, functions),
                      Catch::Contains("12 points are not " + std::to_string(laws) +
                                      " runs of equal even length. Give an even number of points per law"));
  CHECK_NOTHROW(weak_residual(sde, at, t, x, 6, functions));
}

}  // namespace dimwise::sde_weak_tests
