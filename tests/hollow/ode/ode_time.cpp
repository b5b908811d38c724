// Time is float64 whatever the dtype of the state.
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/sde/sdeint.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/net/nets.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_time_tests {

using namespace dimwise::problems;
using Catch::Matchers::Contains;

namespace {}  // namespace

TEST_CASE("a float32 state follows a forcing at times that float32 does not resolve") {
  for (const double t0 : {1e6, 1e8})
    for (const char* method : {"rk4", "dopri5", "bdf", "radau5", "adams"}) {
      INFO(method << " from " << t0);
      const VectorField f = [t0](const Tensor& t, const State& y) -> State {
        CHECK(t.dtype() == DType::float64);
        return {0 * y[0] + cos(t - t0)};
      };
      const OdeOptions options{.method = method,
                               .rtol = 3e-7,
                               .atol = 3e-8,
                               .dt = is_adaptive(method) ? 0 : 0.05,
                               .dt_max = 0.02,
                               .events = {{[&](const Tensor& t, const State&) { return t - (t0 + 0.75); }}}};
      const auto s = value_or_throw(odeint(f, {zeros({1})}, {t0, t0 + 1}, options));
      CHECK(s.y.back()[0].dtype() == DType::float32);
      CHECK(std::abs(s.y.back()[0].item() - std::sin(1)) < 1e-6);
      REQUIRE(s.events.size() == 1);
      CHECK(s.events[0].t == Approx(t0 + 0.75).epsilon(1e-15));
    }
}

TEST_CASE("every gradient mode evaluates f at float64 times") {
  const double t0 = 1e8;
  for (const char* method : {"dopri5", "rk4", "bdf"})
    for (const OdeGradient gradient : all_gradients) {
      INFO(method << ", gradient " << static_cast<int>(gradient));
      const Tensor y0 = track(zeros({2})), p = track(tensor({0.5, 2})), q = track(scalar(1.5));
      const VectorField f = [&](const Tensor& t, const State& y) -> State {
        return {-q * y[0] + p * (cos(t - t0) + 0.0)};
      };
      const auto s = value_or_throw(odeint(
          f, {y0}, {t0, t0 + 1},
          {.method = method, .rtol = 1e-6, .atol = 1e-6, .dt = is_adaptive(method) ? 0 : 0.02, .gradient = gradient}));
      // y = p (q cos s + sin s − q exp(−q s)) / (1 + q²) at s = t − t0.
      const double a = 1.5, unit = (a * std::cos(1) + std::sin(1) - a * std::exp(-a)) / (1 + a * a),
                   by_q = (std::cos(1) - (1 - a) * std::exp(-a) - 2 * a * unit) / (1 + a * a);
      const auto g = grad(sum(s.y.back()[0]), {y0, p, q});
      CHECK(relative_error(s.y.back()[0], {0.5 * unit, 2 * unit}) < 2e-5);
      CHECK(relative_error(g[0], std::vector<double>(2, std::exp(-a))) < 2e-5);
      CHECK(relative_error(g[1], std::vector<double>(2, unit)) < 2e-5);
      CHECK(relative_error(g[2], {2.5 * by_q}) < 5e-5);
    }
}

TEST_CASE("a captured float64 number has its gradient through a float32 state") {
  for (const OdeGradient gradient : all_gradients) {
    INFO(static_cast<int>(gradient));
    const Tensor y0 = track(ones({2})), w = track(scalar(2, DType::float64));
    const VectorField f = [&](const Tensor& t, const State& y) -> State { return {y[0] * cos(w * t)}; };
    const auto s = value_or_throw(odeint(f, {y0}, {0, 1}, {.rtol = 1e-6, .atol = 1e-6, .gradient = gradient}));
    // y = exp(sin(w t) / w).
    const auto g = grad(sum(s.y.back()[0]), {y0, w});
    const double y = std::exp(std::sin(2) / 2);
    CHECK(g[1].dtype() == DType::float64);
    CHECK(relative_error(g[0], std::vector<double>(2, y)) < 2e-5);
    CHECK(relative_error(g[1], {2 * y * (std::cos(2) / 2 - std::sin(2) / 4)}) < 2e-5);
  }
}

TEST_CASE("f of a 0-d float32 state that returns float64 is told to cast") {
  const auto f = [](const Tensor& t, const State&) { return State{cos(t)}; };
  CHECK_THROWS_WITH(
      odeint(f, {scalar(0)}, {0, 1}),
      "[odeint] f returned float64 for state tensor 0 of float32. t is float64 whatever the state's dtype. "
      "Cast it with astype(k, DType::float32).");
  const auto cast = [](const Tensor& t, const State& y) { return State{astype(cos(t), y[0].dtype())}; };
  CHECK(std::abs(odeint(cast, {scalar(0)}, {0, 1}).y.back()[0].item() - std::sin(1)) < 1e-4);
}

TEST_CASE("a float32 net takes float64 time, in odeint and in sdeint") {
  const Rng rng(3);
  const HollowNet net{MaskedConditioner({.d = 3, .d_h = 4, .time = true}, rng.split("c")),
                      SharedTransformer({.d = 3, .d_h = 4, .time = true}, rng.split("t"))};
  const Tensor x = rng.split("x").normal({5, 3});
  CHECK(net(x, scalar(0.25, DType::float64)).values() == net(x, scalar(0.25)).values());
  CHECK(value_or_throw(odeint(hollow_term(net, {.time = true}), {x}, {0, 1})).y.back()[0].dtype() == DType::float32);
  double last = 0;
  const auto drift = [&](const Tensor& t, const Tensor& y) {
    CHECK(t.dtype() == DType::float64);
    last = t.item();
    return 0 * y + cos(t - 1e8);
  };
  const Sde sde{brute_force_coefficient(drift), hollow_coefficient(net, {.time = true})};
  const auto paths = sdeint(sde, x, {1e8, 1e8 + 0.5}, {.method = "stochastic_heun", .dt = 0.125});
  CHECK(paths.x.back().dtype() == DType::float32);
  CHECK(last == 1e8 + 0.5);
}

}  // namespace dimwise::ode_time_tests
