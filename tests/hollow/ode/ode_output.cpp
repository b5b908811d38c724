// Events, dense output, limits, tolerances by component and by sample, advice.

#include "autodiff/base/error.hpp"
#include "hollow/ode/detail/norm.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_output_tests {

using namespace dimwise::problems;
using Catch::Matchers::Contains;

namespace {

const double pi = std::acos(-1.0);
const VectorField rotation = [](const Tensor&, const State& s) -> State { return {vec({at(s[0], 1), -at(s[0], 0)})}; };
const VectorField decay = [](const Tensor&, const State& y) -> State { return {-y[0]}; };
const VectorField stiff = [](const Tensor& t, const State& y) -> State { return {-5000 * (y[0] - cos(t))}; };
State one() { return {scalar(1, DType::float64)}; }

}  // namespace

TEST_CASE("Events are located by every method, in both directions of time") {
  for (const std::string& method : adaptive_methods())
    for (const double direction : {1.0, -1.0}) {
      INFO(method << (direction > 0 ? " forwards" : " backwards"));
      OdeOptions options{.method = method, .rtol = 1e-8, .atol = 1e-8, .max_steps = 100000};
      // y = (cos t, −sin t): cos crosses 0 at π/2, 3π/2, …
      options.events = {{[](const Tensor&, const State& s) { return at(s[0], 0); }}};
      const auto all = value_or_throw(odeint(rotation, start({1, 0}), {0, direction * 10}, options));
      REQUIRE(all.events.size() == 3);
      for (size_t i = 0; i < 3; ++i) {
        CHECK(all.events[i].t == Approx(direction * (pi / 2 + static_cast<double>(i) * pi)).epsilon(1e-5));
        CHECK(all.events[i].y[0].values()[0] == Approx(0).margin(1e-9));
      }
      options.events[0].direction = 1;  // rising, in the direction of the solve
      const auto rising = value_or_throw(odeint(rotation, start({1, 0}), {0, direction * 10}, options));
      REQUIRE(rising.events.size() == 1);
      CHECK(rising.events[0].t == Approx(direction * 1.5 * pi).epsilon(1e-5));
    }
}

TEST_CASE("A terminal event ends the solve; others are in the order of time") {
  OdeOptions options{.rtol = 1e-9, .atol = 1e-9};
  options.events = {{[](const Tensor&, const State& s) { return at(s[0], 0) + 0.5; }, 0, true},
                    {[](const Tensor& t, const State&) { return t - 2; }},
                    {[](const Tensor&, const State& s) { return at(s[0], 0); }}};
  const auto s = odeint(rotation, start({1, 0}), {0, 0.5, 1, 2.05, 2.2, 5}, options);
  CHECK(s.status == OdeStatus::event_reached);
  CHECK_THAT(s.message, Contains("terminal event 0 at t = 2.094"));
  CHECK_NOTHROW(value_or_throw(s));
  REQUIRE(s.events.size() == 3);
  CHECK(s.events[0].event == 2);
  CHECK(s.events[1].event == 1);
  CHECK(s.events[1].t == Approx(2).epsilon(1e-14));
  CHECK(s.events[2].t == Approx(2 * pi / 3).epsilon(1e-8));
  REQUIRE(s.y.size() == 5);
  CHECK(at(s.y.back()[0], 0).item() == Approx(-0.5).epsilon(1e-8));
  CHECK_THROWS_WITH(
      odeint(rotation, start({1, 0}), {0, 1}, {.events = {{[](const Tensor&, const State& y) { return y[0]; }}}}),
      Contains("event 0 returned shape"));
}

TEST_CASE("Dense output gives the solution at any time, with every adaptive method") {
  for (const std::string& method : adaptive_methods())
    for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::adjoint, OdeGradient::backsolve}) {
      INFO(method);
      const auto s = value_or_throw(odeint(
          rotation, start({1, 0}), {0, 6},
          {.method = method, .rtol = 1e-6, .atol = 1e-6, .max_steps = 100000, .dense = true, .gradient = gradient}));
      for (double t = 0; t <= 6; t += 0.037) CHECK(s.at(t)[0].values()[0] == Approx(std::cos(t)).margin(2e-4));
      CHECK(relative_error(s.at(6)[0], s.y.back()[0].values()) < 1e-12);
      CHECK_THROWS_WITH(s.at(6.1), Contains("outside the solution"));
    }
  CHECK_THROWS_WITH(odeint(rotation, start({1, 0}), {0, 1}).at(0.5), Contains("Solve with dense = true"));
  CHECK_THROWS_WITH(odeint(rotation, start({1, 0}), {0, 1}, {.dense = true, .gradient = OdeGradient::checkpointed}),
                    Contains("does not keep the dense output"));
}

TEST_CASE("max_evaluations is never exceeded, and the solution so far is kept") {
  for (const std::string& method : ode_method_names())
    for (const int64_t budget : {1, 2, 3, 10, 57}) {
      int64_t count = 0;
      const VectorField f = [&](const Tensor& t, const State& y) {
        ++count;
        return lorenz(t, y);
      };
      const OdeTerm term(f, [&](const Tensor& t, const State& y) -> ValueAndDiagonal {
        return {f(t, y), {tensor({-10, -1, -8.0 / 3}, DType::float64)}};
      });
      for (const char* corrector : {"functional", "jacobi_newton", "newton_krylov"}) {
        count = 0;
        const auto s = odeint(term, start({1, 1, 1}), {0, 1e-3, 50},
                              {.method = method,
                               .dt = is_adaptive(method) ? 0 : 1e-3,
                               .max_steps = 1000000,
                               .max_evaluations = budget,
                               .implicit = {.corrector = corrector}});
        INFO(method << " with " << budget);
        CHECK(s.status == OdeStatus::max_evaluations_reached);
        CHECK(count <= budget);
        CHECK(s.statistics.evaluations <= budget);
        CHECK_THAT(s.message, Contains("max_evaluations = " + std::to_string(budget)));
        CHECK(s.grid.size() == static_cast<size_t>(s.statistics.accepted) + 1);
      }
    }
}

TEST_CASE("max_steps holds for every method") {
  for (const std::string& method : ode_method_names()) {
    const auto s = odeint(lorenz, start({1, 1, 1}), {0, 50},
                          {.method = method, .dt = is_adaptive(method) ? 0 : 1e-3, .max_steps = 9});
    INFO(method);
    CHECK(s.status == OdeStatus::max_steps_reached);
    CHECK(s.statistics.accepted + s.statistics.rejected == 9);
  }
}

TEST_CASE("NaN in f, at the start or later, is reported by every method") {
  const VectorField wall = [](const Tensor& t, const State& y) -> State {
    return {t.item() > 0.5 ? y[0] / 0.0 - y[0] / 0.0 : -y[0]};
  };
  for (const std::string& method : ode_method_names()) {
    const OdeOptions options{.method = method, .dt = is_adaptive(method) ? 0 : 0.01};
    INFO(method);
    const auto s = odeint(wall, one(), {0, 1}, options);
    CHECK((s.status == OdeStatus::non_finite || s.status == OdeStatus::corrector_not_converging));
    CHECK(s.grid.back() == Approx(0.5).margin(0.011));
    CHECK(odeint(wall, one(), {1, 2}, options).status == OdeStatus::non_finite);
  }
}

TEST_CASE("A corrector that cannot contract is reported") {
  const OdeTerm rotating(
      [](const Tensor&, const State& s) -> State {
        return {1e6 * vec({at(s[0], 1), -at(s[0], 0)})};
      },
      [](const Tensor&, const State& s) -> ValueAndDiagonal {
        return {{1e6 * vec({at(s[0], 1), -at(s[0], 0)})}, {zeros({2}, DType::float64)}};
      });
  for (const char* method : {"bdf", "adams", "kencarp5", "radau5"}) {
    const auto s = odeint(rotating, start({1, 0}), {0, 1},
                          {.method = method, .dt = 0.1, .dt_min = 0.1, .implicit = {.corrector = "jacobi_newton"}});
    INFO(method << ": " << s.message);
    CHECK(s.status == OdeStatus::corrector_not_converging);
    CHECK_THAT(s.message, Contains("jacobi_newton"));
    CHECK(s.statistics.corrector_failures > 0);
  }
}

TEST_CASE("Equal times give the initial state") {
  for (const OdeGradient gradient : all_gradients) {
    const auto s = odeint(decay, one(), {2, 2}, {.gradient = gradient});
    CHECK(s.status == OdeStatus::success);
    REQUIRE(s.y.size() == 2);
    CHECK(s.y[1][0].item() == 1);
    CHECK(s.statistics.evaluations == 0);
    CHECK_THROWS_WITH(odeint(decay, one(), std::vector<double>{}, {.gradient = gradient}),
                      Contains("Give at least start and end"));
  }
}

TEST_CASE("Per-component tolerances: a loose one does not limit the steps, a tight one is met") {
  const VectorField two = [](const Tensor& t, const State&) -> State { return {vec({cos(t), 50 * cos(50 * t)})}; };
  for (const char* method : {"dopri5", "adams", "bdf", "radau5"}) {
    const auto run = [&](double first, double second) {
      OdeOptions options{.method = method, .rtol = 0, .atol = 0, .max_steps = 100000};
      options.atols = {tensor({first, second}, DType::float64)};
      return value_or_throw(odeint(two, start({0, 0}), {0, 3}, options));
    };
    const auto loose = run(1e-7, 1e2), tight = run(1e-7, 1e-7);
    INFO(method);
    CHECK(loose.statistics.accepted * 3 < tight.statistics.accepted);
    CHECK(std::abs(loose.y.back()[0].values()[0] - std::sin(3.0)) < 2e-5);
    CHECK(std::abs(tight.y.back()[0].values()[1] - std::sin(150.0)) < 2e-4);
  }
  OdeOptions options;
  options.atols = {tensor({1e-7, -1}, DType::float64)};
  CHECK_THROWS_WITH(odeint(two, start({0, 0}), {0, 3}, options), Contains("Tolerances must be at least 0"));
  options.atols = {Tensor(), Tensor()};
  CHECK_THROWS_WITH(odeint(two, start({0, 0}), {0, 3}, options), Contains("atols has 2 tensors for a state of 1"));
}

TEST_CASE("By default one fast row of many controls the steps") {
  constexpr int64_t rows = 1000;
  std::vector<double> speeds(rows, 0.01);
  speeds[7] = 20;
  const auto off = [&](const char* method, const Shape& batch, bool per_sample) {
    const Tensor speed = tensor(speeds, batch, DType::float64);
    // Each row turns around the origin with its speed.
    const VectorField f = [&](const Tensor&, const State& y) -> State {
      return {speed * concat({slice(y[0], -1, 1, 2), -slice(y[0], -1, 0, 1)}, -1)};
    };
    const State y0{concat({zeros(batch, DType::float64), ones(batch, DType::float64)}, -1)};
    const OdeOptions options{.method = method, .rtol = 1e-6, .atol = 1e-6, .per_sample = per_sample};
    return std::abs(value_or_throw(odeint(f, y0, {0, 3}, options)).y.back()[0].values()[14] - std::sin(60));
  };
  for (const char* method : {"dopri5", "bdf", "radau5"})
    for (const Shape& batch : {Shape{rows, 1}, Shape{10, 100, 1}}) {
      INFO(method << ": " << off(method, batch, false) << " by the RMS, " << off(method, batch, true) << " by rows");
      CHECK(off(method, batch, true) < 1e-3);
      CHECK(off(method, batch, true) * 3 < off(method, batch, false));
    }
}

TEST_CASE("The error norm takes a system of one axis as one row, and a tensor of other rows by itself") {
  using ode::Norm;
  const auto numbers = [](std::vector<double> x, const Shape& shape) { return tensor(x, shape, DType::float64); };
  const OdeOptions plain{.rtol = 0, .atol = 1}, all{.rtol = 0, .atol = 1, .per_sample = false};
  const auto norm = [](const State& e, const OdeOptions& options) {
    State y, w;
    for (const Tensor& x : e) y.push_back(zeros_like(x)), w.push_back(ones_like(x));
    const double by_weights = Norm(y, options)(e, w), of_step = Norm(y, options)(e, y, y);
    CHECK((by_weights == of_step || (std::isnan(by_weights) && std::isnan(of_step))));
    return by_weights;
  };
  const Tensor vector = numbers({3, 4, 0, 0}, {4}), matrix = numbers({3, 1, 0, 4}, {2, 2}),
               per_row = numbers({5, 0}, {2});
  CHECK(norm({vector}, plain) == Approx(std::sqrt(25 / 4.0)));
  CHECK(norm({vector, numbers({2}, {1})}, plain) == Approx(std::sqrt(29 / 5.0)));
  CHECK(norm({matrix}, plain) == Approx(std::sqrt(16 / 2.0)));
  CHECK(norm({matrix}, all) == Approx(std::sqrt(26 / 4.0)));
  CHECK(norm({matrix, per_row}, plain) == Approx(std::sqrt(35 / 3.0)));
  CHECK(norm({per_row, matrix}, plain) == Approx(std::sqrt(35 / 3.0)));
  CHECK(norm({matrix, vector}, plain) == Approx(std::sqrt(16 / 2.0)));
  CHECK(norm({matrix, 10 * vector}, plain) == Approx(std::sqrt(2500 / 4.0)));
  CHECK(norm({matrix, 10 * vector}, all) == Approx(std::sqrt(2526 / 8.0)));
  CHECK(norm({numbers({3, 1, 0, 4}, {1, 2, 2})}, plain) == Approx(std::sqrt(16 / 2.0)));
  CHECK(norm({zeros({0, 2}, DType::float64)}, plain) == 0);
  OdeOptions second = plain;
  second.controlled = {false, true};
  CHECK(norm({matrix, vector}, second) == Approx(std::sqrt(25 / 4.0)));
  CHECK(std::isnan(norm({numbers({1, NAN, 3, 4}, {2, 2}), vector}, plain)));
  CHECK(std::isnan(norm({matrix, numbers({NAN}, {1})}, plain)));
}

TEST_CASE("An explicit method advises an implicit one if and only if the problem is stiff") {
  for (const char* method : {"dopri5", "tsit5", "dopri8"}) {
    INFO(method);
    const auto s = odeint(stiff, one(), {0, 1}, {.method = method, .max_steps = 100000});
    CHECK_THAT(s.advice, Contains("the problem is stiff"));
    CHECK(value_or_throw(odeint(lorenz, start({1, 1, 1}), {0, 10}, {.method = method})).advice.empty());
    CHECK(value_or_throw(odeint(rotation, start({1, 0}), {0, 100}, {.method = method})).advice.empty());
    const auto stopped = odeint(stiff, one(), {0, 1}, {.method = method, .max_steps = 400});
    CHECK_THAT(stopped.message, Contains("Note: at t = ") && Contains("is stiff"));
  }
  CHECK(value_or_throw(odeint(stiff, one(), {0, 1}, {.method = "bdf"})).advice.empty());
}

TEST_CASE("Invalid options of implicit and multistep methods are rejected with a remedy") {
  const auto refused = [](const OdeOptions& options, const char* text) {
    CHECK_THROWS_WITH(odeint(decay, one(), {0, 1}, options), Contains(text));
  };
  refused({.method = "bdf", .implicit = {.corrector = "magic"}}, "Use one of automatic, functional, jacobi_newton");
  refused({.method = "bdf", .steps = 10}, "cannot take equal steps");
  refused({.method = "bdf", .replay = {.grid = {0, 1}}}, "Give the grid and the orders of one solution");
  refused({.rtol = 0, .atol = 0}, "one must be positive");
  refused({.rtol = -1e-3}, "Neither may be negative");
  refused({.max_evaluations = 0}, "must be positive");
  refused({.method = "bdf", .quadratures = {true}}, "no equation to solve");
  refused({.method = "bdf", .implicit = {.tolerance = 0}}, "implicit.tolerance = 0");
  refused({.method = "bdf", .max_order = -1}, "max_order = -1");
  const VectorField two = [](const Tensor&, const State& y) -> State { return {-y[0], -y[1]}; };
  CHECK_THROWS_WITH(odeint(two, {zeros({3, 2}, DType::float64), zeros({3}, DType::float64)}, {0, 1}, {.method = "bdf"}),
                    Contains("row by row"));
}

TEST_CASE("Between very stiff steps, outputs, dense output and events are as accurate as the steps") {
  // Prothero & Robinson: y = cos(t), from which steps of any length depart little.
  const VectorField f = [](const Tensor& t, const State& y) -> State { return {-1e6 * (y[0] - cos(t)) - sin(t)}; };
  std::vector<double> times;
  for (int i = 0; i <= 100; ++i) times.push_back(0.1 * i);
  for (const char* method : {"bdf", "radau5", "kvaerno3", "kencarp3", "kencarp4", "kencarp5"})
    for (const double rtol : {1e-4, 1e-6, 1e-8}) {
      INFO(method << ' ' << rtol);
      OdeOptions options{.method = method, .rtol = rtol, .atol = rtol};
      const double most = (std::string(method) == "kencarp3" ? 15 : 10) * rtol;
      const auto s = value_or_throw(odeint(f, {scalar(1, DType::float64)}, times, options));
      for (size_t i = 0; i < times.size(); ++i) CHECK(std::abs(s.y[i][0].item() - std::cos(times[i])) < most);
      options.dense = true;
      options.events = {{[](const Tensor&, const State& y) { return y[0]; }}};
      const auto all = value_or_throw(odeint(f, {scalar(1, DType::float64)}, {0, 10}, options));
      for (double t = 0; t <= 10; t += 0.0625) CHECK(std::abs(all.at(t)[0].item() - std::cos(t)) < most);
      REQUIRE(all.events.size() == 3);
      for (size_t i = 0; i < 3; ++i) CHECK(std::abs(all.events[i].t - pi * (static_cast<double>(i) + 0.5)) < most);
    }
}

TEST_CASE("Many outputs of a stiff solve that no step needs cost few rejected steps") {
  const VectorField f = [](const Tensor& t, const State& y) -> State { return {-1e6 * (y[0] - cos(t)) - sin(t)}; };
  std::vector<double> times;
  for (int i = 0; i <= 1000; ++i) times.push_back(0.01 * i);
  for (const char* method : {"radau5", "kvaerno3"}) {
    INFO(method);
    const auto s = odeint(f, {scalar(1, DType::float64)}, times, {.method = method, .rtol = 1e-6, .atol = 1e-6});
    CHECK(s.statistics.accepted < 200);
    CHECK(s.statistics.rejected < 100);
  }
}

}  // namespace dimwise::ode_output_tests
