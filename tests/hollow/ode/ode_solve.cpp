// Steps, counts, statuses, replay and arguments of odeint.

#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/node.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_solve_tests {

using namespace dimwise::problems;
using Catch::Matchers::Contains;

namespace {

const VectorField decay = [](const Tensor&, const State& y) -> State { return {-y[0]}; };
const VectorField blow_up = [](const Tensor&, const State& y) -> State { return {y[0] * y[0]}; };
constexpr DType f64 = DType::float64;
State one(DType dtype = DType::float64) { return {scalar(1, dtype)}; }

// f, with a count of its evaluations.
VectorField counted(const VectorField& f, int64_t& count) {
  return [f, &count](const Tensor& t, const State& y) {
    ++count;
    return f(t, y);
  };
}

}  // namespace

TEST_CASE("No evaluation is wasted") {
  int64_t count = 0;
  const auto f = counted(lorenz, count);
  const auto run = [&](const OdeOptions& options) {
    count = 0;
    auto s = odeint(f, start({1, 1, 1}), {0, 0.3, 1}, options);
    CHECK(s.status == OdeStatus::success);
    CHECK(s.statistics.evaluations == count);
    CHECK(static_cast<int64_t>(s.grid.size()) == s.statistics.accepted + 1);
    return s;
  };
  // dopri5: 6 per attempted step, 1 at the start, 1 to choose the first step.
  const auto adaptive = run({});
  const int64_t tried = adaptive.statistics.accepted + adaptive.statistics.rejected;
  CHECK(count == 6 * tried + 2);
  const auto given = run({.dt = 0.01});
  CHECK(count == 6 * (given.statistics.accepted + given.statistics.rejected) + 1);
  run({.steps = 10});
  CHECK(count == 6 * 20);
  run({.method = "euler", .steps = 10});
  CHECK(count == 20);
  run({.method = "heun", .steps = 10});
  CHECK(count == 2 * 20);
  run({.method = "rk4", .dt = 0.1});
  CHECK(count == 4 * 10);
}

TEST_CASE("Replaying the grid gives the same numbers bit for bit") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const double end : {1.0, -0.2}) {
      const std::vector<double> times{0, 0.4 * end, end};
      const OdeOptions options{.rtol = 1e-5};
      const auto first = odeint(lorenz, start({1, 1, 1}, dtype), times, options);
      OdeOptions replay = options;
      replay.replay.grid = first.grid;
      const auto again = odeint(lorenz, start({1, 1, 1}, dtype), times, replay);
      REQUIRE(again.status == OdeStatus::success);
      for (size_t i = 0; i < times.size(); ++i) CHECK(again.y[i][0].values() == first.y[i][0].values());
      CHECK(again.grid == first.grid);
      CHECK(again.statistics.rejected == 0);
      CHECK(again.statistics.accepted == first.statistics.accepted);
    }
}

TEST_CASE("A solution that blows up ends with a status at the pole") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const auto s = odeint(blow_up, one(dtype), {0, 0.5, 2}, {.rtol = 1e-6});
    CHECK((s.status == OdeStatus::dt_too_small || s.status == OdeStatus::non_finite));
    REQUIRE(s.y.size() == 2);
    CHECK(s.y[1][0].item() == Approx(2).epsilon(1e-5));
    CHECK(s.grid.back() == Approx(1).margin(1e-3));
    CHECK_THAT(s.message, Contains("at t = ") && Contains("dt = ") && Contains("tensor 0, element 0"));
    CHECK_THROWS_AS(value_or_throw(s), SolverError);
    CHECK(s.statistics.accepted + s.statistics.rejected < 1000);
  }
  const auto fixed = odeint(blow_up, one(), {0, 2}, {.method = "rk4", .steps = 20});
  CHECK(fixed.status == OdeStatus::non_finite);
}

TEST_CASE("Every status can occur, and max_steps is never exceeded") {
  CHECK(odeint(decay, one(), {0, 1}).status == OdeStatus::success);
  CHECK(odeint(decay, one(), {0, 1}).message.empty());

  const auto many = odeint(lorenz, start({1, 1, 1}), {0, 10}, {.max_steps = 7});
  CHECK(many.status == OdeStatus::max_steps_reached);
  CHECK(many.statistics.accepted + many.statistics.rejected == 7);
  CHECK_THAT(many.message, Contains("max_steps = 7"));
  const auto fixed = odeint(decay, one(), {0, 1}, {.method = "euler", .dt = 1e-300, .max_steps = 7});
  CHECK(fixed.status == OdeStatus::max_steps_reached);
  CHECK(fixed.statistics.accepted == 7);
  CHECK(odeint(decay, one(), {0, 1}, {.method = "rk4", .steps = 7, .max_steps = 7}).status == OdeStatus::success);

  const auto short_steps = odeint(lorenz, start({1, 1, 1}), {0, 10}, {.rtol = 1e-9, .dt_min = 0.1});
  CHECK(short_steps.status == OdeStatus::dt_too_small);
  CHECK_THAT(short_steps.message, Contains("worst component: tensor 0"));

  const VectorField root = [](const Tensor&, const State& y) -> State { return {-1 / sqrt(y[0])}; };
  const auto nan = odeint(root, one(), {0, 2});
  CHECK((nan.status == OdeStatus::non_finite || nan.status == OdeStatus::dt_too_small));
  const VectorField bad_later = [](const Tensor& t, const State& y) -> State {
    return {t.item() > 0.5 ? y[0] / 0.0 - y[0] / 0.0 : y[0]};
  };
  const auto wall = odeint(bad_later, one(), {0, 1});
  CHECK(wall.status == OdeStatus::non_finite);
  CHECK(wall.grid.back() == Approx(0.5).margin(1e-6));
  const auto at_once = odeint(bad_later, one(), {1, 2});
  CHECK(at_once.status == OdeStatus::non_finite);
  CHECK_THAT(at_once.message, Contains("f is not finite") && Contains("element 0"));
  CHECK(at_once.y.size() == 1);
}

TEST_CASE("dt_max, dt and steps are respected, and the last time is hit") {
  const double end = 1.2345678901234567;
  const auto limited = odeint(decay, one(), {0, end}, {.dt_max = 0.01});
  CHECK(limited.grid.back() == end);
  for (size_t i = 1; i < limited.grid.size(); ++i) CHECK(limited.grid[i] - limited.grid[i - 1] <= 0.01 * (1 + 1e-12));
  const auto first = odeint(decay, one(), {0, end}, {.dt = 0.003});
  CHECK(first.grid[1] == 0.003);
  const auto equal = odeint(decay, one(), {0, 0.3, end}, {.method = "rk4", .dt = 0.1});
  CHECK(equal.grid.size() == 1 + 3 + 10);
  CHECK(equal.grid[3] == 0.3);
  CHECK(equal.grid.back() == end);
}

TEST_CASE("Only controlled tensors control the steps, and quadratures do not reduce the accuracy") {
  const VectorField two = [](const Tensor& t, const State& y) -> State { return {-y[0], cos(40 * t) + y[0]}; };
  const State y0{scalar(1, DType::float64), scalar(0, DType::float64)};
  const auto first = odeint(two, y0, {0, 1}, {.controlled = {true, false}});
  const auto alone = odeint(decay, one(), {0, 1});
  CHECK(first.grid == alone.grid);
  const auto both = odeint(two, y0, {0, 1});
  CHECK(both.statistics.accepted > 2 * alone.statistics.accepted);
  const auto quadrature = odeint(two, y0, {0, 1}, {.quadratures = {false, true}});
  CHECK(quadrature.grid == both.grid);
  CHECK(quadrature.y.back()[1].item() == both.y.back()[1].item());
  CHECK(both.y.back()[1].item() == Approx(std::sin(40.0) / 40 + 1 - std::exp(-1.0)).margin(1e-6));
}

TEST_CASE("next_dt continues a solve where another ended") {
  const auto first = odeint(lorenz, start({1, 1, 1}), {0, 1});
  const auto second = odeint(lorenz, first.y.back(), {1, 2}, {.dt = first.statistics.next_dt});
  CHECK(second.statistics.rejected <= 5);
  CHECK(first.statistics.last_dt == Approx(first.grid.back() - first.grid[first.grid.size() - 2]));
}

TEST_CASE("No node leaks after an ODE solve") {
  const int64_t before = live_nodes();
  {
    const Tensor x = track(tensor({1, 1, 1}, DType::float64));
    const auto s = odeint(lorenz, {x}, {0, 1});
    CHECK(s.y.back()[0].tracked());
  }
  CHECK(live_nodes() == before);
}

TEST_CASE("Invalid arguments are rejected with a remedy") {
  const auto refused = [](const OdeOptions& options, const char* text, std::vector<double> times = {0, 1}) {
    CHECK_THROWS_WITH(odeint(decay, one(), times, options), Contains(text));
  };
  for (const std::string& name : ode_method_names()) refused({.method = "magic"}, name.c_str());
  refused({.method = "rk4"}, "Set dt or steps");
  refused({}, "times must increase or decrease, but 1 is followed by 0.5", {0, 1, 0.5});
  refused({}, "times must increase or decrease, but 0 is followed by -1", {0, 0, -1, 0.5});
  refused({.replay = {.grid = {0, 0.5, 0.5, 1}}}, "grid must increase or decrease strictly");
  refused({}, "at least start and end", {0});
  refused({}, "not finite", {0, std::nan("")});
  refused({.rtol = -1}, "rtol");
  refused({.dt = -0.1}, "dt = -0.1");
  refused({.dt_min = 2, .dt_max = 1}, "dt_min");
  refused({.max_steps = 0}, "max_steps");
  refused({.controlled = {true, true}}, "controlled has 2 entries for 1");
  refused({.replay = {.grid = {0, 0.5}}}, "Their ends must be equal");
  const State y = one();
  const auto wrong = [&](const State& k) { return [k](const Tensor&, const State&) { return k; }; };
  CHECK_THROWS_AS(odeint(wrong({}), y, {0, 1}), ShapeError);
  CHECK_THROWS_AS(odeint(wrong({zeros({2}, DType::float64)}), y, {0, 1}), ShapeError);
  CHECK_THROWS_AS(odeint(wrong(one(DType::float32)), y, {0, 1}), DTypeError);
  CHECK_THROWS_AS(odeint(decay, {scalar(1), scalar(1, DType::float64)}, {0, 1}), DTypeError);
  CHECK_THROWS_AS(odeint(decay, {}, {0, 1}), ValueError);
}

TEST_CASE("odeint of a function of one tensor gives its values, stacked, with gradients, or throws") {
  const Tensor rate = track(scalar(0.7, f64)), x = Rng(1).normal({3, 2}, f64);
  for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::adjoint, OdeGradient::checkpointed}) {
    const Tensor y = odeint([&](const Tensor&, const Tensor& at) { return -rate * at; }, x, {0, 0.5, 2},
                            {.rtol = 1e-9, .atol = 1e-9, .gradient = gradient});
    REQUIRE(y.shape() == Shape{3, 3, 2});
    CHECK(max(abs(select(y, 0, 0) - x)).item() == 0);
    CHECK(max(abs(select(y, 0, 2) - x * std::exp(-1.4))).item() < 1e-7);
    // d/dr Σ x e^(−2r) = −2 Σ x e^(−2r)
    CHECK(grad(sum(select(y, 0, 2)), rate).item() == Approx(-2 * sum(x).item() * std::exp(-1.4)).epsilon(1e-6));
  }
  CHECK(odeint([](const Tensor&, const Tensor& at) { return at; }, x, {1, 1}).shape() == Shape{2, 3, 2});
  CHECK_THROWS_AS(odeint([](const Tensor&, const Tensor& at) { return square(at); }, ones({1}, f64), {0, 2}),
                  SolverError);
}

}  // namespace dimwise::ode_solve_tests
