// What watches a solve step by step: callbacks, the steady state, bounds of the state.
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/ode/problems/problems.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_steps_tests {

using namespace dimwise::problems;
using Catch::Matchers::Contains;

namespace {

constexpr DType f64 = DType::float64;

}  // namespace

TEST_CASE("on_step sees every step that is tried, once, with every gradient") {
  for (const std::string& method : ode_method_names())
    for (const OdeGradient gradient : all_gradients) {
      INFO(method << ' ' << static_cast<int>(gradient));
      int64_t accepted = 0, rejected = 0;
      std::vector<double> grid{0};
      OdeOptions options{.method = method, .rtol = 1e-5, .atol = 1e-5, .gradient = gradient};
      options.dt = is_adaptive(method) ? 0 : 0.05;
      options.on_step = [&](const OdeStep& step) {
        (step.accepted ? accepted : rejected) += 1;
        if (step.accepted) {
          CHECK(step.t == Approx(grid.back() + step.dt));
          grid.push_back(step.t);
          CHECK(step.y.size() == 1);
        }
        CHECK(step.statistics.accepted == accepted);
        return true;
      };
      const Tensor k = track(scalar(3, f64));
      const VectorField f = [&](const Tensor& t, const State& y) -> State {
        return {k * cos(8 * t) - 30 * y[0] * square(y[0])};
      };
      const auto s = value_or_throw(odeint(f, {ones({2}, f64)}, {0, 0.4, 3}, options));
      CHECK(accepted == s.statistics.accepted);
      CHECK(rejected == s.statistics.rejected);
      CHECK(grid == s.grid);
      if (gradient != OdeGradient::backsolve) CHECK(std::isfinite(grad(sum(s.y.back()[0]), k).item()));
      CHECK(accepted == s.statistics.accepted);  // not called again by the gradient
    }
}

TEST_CASE("on_step ends a solve, whose outputs until then are kept") {
  const VectorField f = [](const Tensor&, const State& y) -> State { return {-y[0]}; };
  for (const std::string& method : ode_method_names()) {
    INFO(method);
    OdeOptions options{.method = method, .dense = true};
    options.dt = is_adaptive(method) ? 0 : 0.1;
    options.on_step = [](const OdeStep& step) { return step.t < 2; };
    const auto s = odeint(f, {scalar(1, f64)}, {0, 1, 2, 3, 100}, options);
    CHECK(s.status == OdeStatus::stopped);
    CHECK(s.grid.back() >= 2);
    CHECK(s.grid.back() < 100);
    REQUIRE(s.t.size() >= 3);
    CHECK(s.y[1][0].item() == Approx(std::exp(-1)).epsilon(method == "euler" ? 0.1 : 1e-2));
    CHECK(s.at(s.grid.back())[0].item() > 0);
    CHECK_THROWS_WITH(value_or_throw(s), Contains("on_step returned false"));
    options.on_step = [](const OdeStep& step) { return step.t < 100; };  // false at the end
    CHECK(odeint(f, {scalar(1, f64)}, {0, 100}, options).status == OdeStatus::success);
  }
}

TEST_CASE("A solve ends at a steady state, with its gradient") {
  for (const char* method : {"dopri5", "tsit5", "abm", "bdf", "kencarp4", "radau5"})
    for (const OdeGradient gradient : all_gradients) {
      INFO(method << ' ' << static_cast<int>(gradient));
      const Tensor target = track(scalar(0.8, f64));
      const VectorField f = [&](const Tensor&, const State& y) -> State { return {2 * (target - y[0])}; };
      OdeOptions options{.method = method,
                         .rtol = 1e-7,
                         .atol = 1e-7,
                         .steady_state = 10,
                         .gradient = gradient,
                         .adjoint = {.controls_parameters = true}};
      const auto s = odeint(f, {scalar(0, f64)}, {0, 1, 1000}, options);
      REQUIRE(s.status == OdeStatus::steady_state);
      CHECK_THAT(s.message, Contains("steady state at t = "));
      CHECK_NOTHROW(value_or_throw(s));
      REQUIRE(s.t.size() == 3);
      CHECK(s.t[1] == 1);
      CHECK(s.t[2] == s.grid.back());
      CHECK(s.t[2] > 5);
      CHECK(s.t[2] < 12);
      CHECK(s.y[2][0].item() == Approx(0.8).epsilon(1e-5));
      if (gradient != OdeGradient::backsolve)
        CHECK(grad(s.y[2][0], target).item() == Approx(1 - std::exp(-2 * s.t[2])).epsilon(1e-5));
      options.steady_state = 0;
      CHECK(odeint(f, {scalar(0, f64)}, {0, 12}, options).status == OdeStatus::success);
    }
  CHECK_THROWS_WITH(
      odeint([](const Tensor&, const State& y) { return y; }, {scalar(1, f64)}, {0, 1}, {.steady_state = -1}),
      Contains("steady_state"));
}

TEST_CASE("Concentrations marked non_negative stay so, at outputs, steps and in between") {
  // Robertson's reactions become unstable once a concentration is below 0.
  const OdeProblem problem = ode_problem("robertson");
  std::vector<double> times{0};
  for (double t = 1e-3; t < 1e11; t *= 7) times.push_back(t);
  times.push_back(1e11);
  for (const char* method : {"bdf", "kencarp4", "radau5"}) {
    INFO(method);
    OdeOptions options{.method = method, .rtol = 1e-2, .atol = 1e-3, .non_negative = {true}, .dense = true};
    options.on_step = [](const OdeStep& step) {
      CHECK(min(step.y[0]).item() >= 0);
      return true;
    };
    const auto s = odeint(problem.term, problem.y0, times, options);
    CHECK(s.status == OdeStatus::success);
    for (const State& y : s.y) CHECK(min(y[0]).item() >= 0);
    for (double t = 1e-4; t < s.grid.back(); t *= 1.7) CHECK(min(s.at(t)[0]).item() >= 0);
  }
}

TEST_CASE("A quantity that decays to 0 does not overshoot, and keeps its gradient") {
  // y' = −√y reaches 0 at t = 2 √y0, and stays there.
  const VectorField f = [](const Tensor&, const State& y) -> State { return {-sqrt(maximum(y[0], zeros_like(y[0])))}; };
  for (const char* method :
       {"dopri5", "tsit5", "dopri8", "bosh3", "abm", "adams", "bdf", "kencarp4", "radau5", "rk4"}) {
    INFO(method);
    OdeOptions options{.method = method, .rtol = 1e-6, .atol = 1e-8, .dt = 0.01, .non_negative = {true, false}};
    const VectorField both = [&](const Tensor& t, const State& y) -> State {
      return {f(t, {y[0]})[0], -ones_like(y[1])};
    };
    const Tensor y0 = track(tensor({1, 0.25}, f64));
    const auto s = value_or_throw(odeint(both, {y0, scalar(0, f64)}, {0, 0.5, 1, 2.5, 4}, options));
    for (const State& y : s.y) CHECK(min(y[0]).item() >= 0);
    CHECK(max(s.y.back()[0]).item() < 1e-5);
    CHECK(s.y.back()[1].item() == Approx(-4));
    CHECK(s.y[1][0].values()[0] == Approx(0.5625).epsilon(1e-4));
    // y = (√y0 − t/2)², dy/dy0 = (√y0 − t/2)/√y0.
    CHECK(grad(sum(s.y[1][0]), y0).values()[0] == Approx(0.75).epsilon(1e-3));
  }
}

TEST_CASE("A solve that cannot stay above 0 says so") {
  const VectorField f = [](const Tensor&, const State& y) -> State { return {-ones_like(y[0])}; };
  CHECK(odeint(f, {scalar(1, f64)}, {0, 2}, {.non_negative = {true}}).status == OdeStatus::max_steps_reached);
  const auto s = odeint(f, {scalar(1, f64)}, {0, 2}, {.dt_min = 0.01, .non_negative = {true}});
  CHECK(s.status == OdeStatus::dt_too_small);
  CHECK_THAT(s.message, Contains("non_negative"));
  CHECK_THROWS_WITH(odeint(f, {scalar(-1, f64)}, {0, 2}, {.non_negative = {true}}), Contains("starts at -1"));
  CHECK_THROWS_WITH(odeint(f, {scalar(1, f64)}, {0, 2}, {.non_negative = {true, true}}), Contains("non_negative"));
}

}  // namespace dimwise::ode_steps_tests
