// auto_tsit5_bdf solves non-stiff, stiff and alternating problems to the tolerance, without many changes of the method,
// and all that a solve has works across a change.

#include <cmath>

#include "hollow/ode/odeint.hpp"
#include "hollow/ode/problems/problems.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_switching_tests {

using namespace dimwise::problems;

namespace {

const char* const method = "auto_tsit5_bdf";

OdeSolution solved(const OdeProblem& problem, const std::string& by, double rtol) {
  return value_or_throw(
      odeint(problem.term, problem.y0, problem.times,
             tolerances(problem, rtol, {.method = by, .max_steps = 100000, .implicit = {.corrector = "newton"}})));
}

// How often explicit steps are followed by stiff ones.
int64_t phases(const OdeSolution& s) {
  int64_t count = 0;
  for (size_t i = 1; i < s.orders.size(); ++i) count += s.orders[i - 1] == 0 && s.orders[i] != 0 ? 1 : 0;
  return count;
}

// y' = −k(t) (y − cos ωt), with k near 1 but for a stretch around t = 2 in which it rises to `most`.
OdeTerm ramp(const Tensor& most, double omega = 1) {
  return [most, omega](const Tensor& t, const State& y) {
    const Tensor k = 1 + most * exp(-4 * square(t - 2));
    return State{-k * (y[0] - cos(omega * t))};
  };
}

}  // namespace

TEST_CASE("Stiff problems are solved to the tolerance with at most 1.6 times the evaluations of bdf") {
  const nlohmann::json json = references("ivp_reference.json");
  for (const char* name : {"robertson", "hires", "oregonator", "van-der-pol-mu"})
    for (const double rtol : {1e-4, 1e-6, 1e-8}) {
      INFO(name << " at rtol " << rtol);
      const OdeProblem problem = ode_problem(name);
      const OdeSolution s = solved(problem, method, rtol), bdf = solved(problem, "bdf", rtol);
      CHECK(worst_error(problem.times, s, json[problem.reference]) < (rtol == 1e-8 ? 1e-5 : 200 * rtol));
      CHECK(s.statistics.evaluations < 1.6 * static_cast<double>(bdf.statistics.evaluations));
      CHECK(s.statistics.jacobians < 1.2 * static_cast<double>(bdf.statistics.jacobians));
      CHECK(s.statistics.stiff_phases <= 6);
      CHECK(s.statistics.stiff_phases == phases(s));
      CHECK(s.advice.empty());
    }
}

TEST_CASE("Problems that are not stiff are solved by the steps of tsit5, with few evaluations besides") {
  for (const std::string& name : ode_problem_names()) {
    const OdeProblem problem = ode_problem(name);
    const bool mildly_stiff = name == "detest-b2" || (name > "detest-c" && name < "detest-c5");
    if (problem.stiff || mildly_stiff || name == "blow-up") continue;
    for (const double rtol : {1e-4, 1e-7}) {
      INFO(name << " at rtol " << rtol);
      const OdeSolution s = solved(problem, method, rtol), explicit_one = solved(problem, "tsit5", rtol);
      CHECK(s.grid == explicit_one.grid);
      CHECK(s.y.back()[0].values() == explicit_one.y.back()[0].values());
      CHECK(s.statistics.evaluations < 1.1 * static_cast<double>(explicit_one.statistics.evaluations) + 8);
      CHECK(s.statistics.stiff_phases == 0);
      CHECK(s.statistics.corrector.empty());
    }
  }
}

TEST_CASE("A relaxation oscillator is solved by both methods in turns, over several periods") {
  for (const double mu : {100.0, 1000.0})
    for (const double rtol : {1e-4, 1e-6}) {
      INFO("mu = " << mu << " at rtol " << rtol);
      const auto f = [&](const Tensor&, const State& s) {
        const Tensor x = at(s[0], 0), v = at(s[0], 1);
        return State{vec({v, mu * (1 - square(x)) * v - x})};
      };
      // A period lasts about (3 − 2 ln 2) μ.
      const double end = 4 * 1.614 * mu;
      const auto by = [&](const std::string& name, double tolerance) {
        return value_or_throw(
            odeint(f, start({2, 0}), {0, end},
                   {.method = name, .rtol = tolerance, .atol = tolerance * 1e-2, .max_steps = 1000000, .dense = true}));
      };
      const OdeSolution s = by(method, rtol), bdf = by("bdf", rtol), exact = by("radau5", 1e-9);
      for (double t = 0.05 * end; t < end; t += 0.13 * end)
        CHECK(std::abs(at(s.at(t)[0], 0).item() - at(exact.at(t)[0], 0).item()) < 500 * rtol);
      CHECK(s.statistics.evaluations < 1.7 * static_cast<double>(bdf.statistics.evaluations));
      CHECK(s.statistics.jacobians <= bdf.statistics.jacobians);
      CHECK(s.statistics.stiff_phases >= (mu > 100 ? 2 : 1));
      CHECK(s.statistics.stiff_phases <= 12);
      CHECK(s.statistics.stiff_phases == phases(s));
    }
}

TEST_CASE("A problem at the border of stiffness does not make the methods alternate") {
  for (double lambda = 1; lambda < 1e5; lambda *= 1.7)
    for (const double rtol : {1e-3, 1e-5, 1e-7}) {
      INFO("lambda = " << lambda << " at rtol " << rtol);
      const auto f = [&](const Tensor& t, const State& y) { return State{-lambda * (y[0] - cos(t))}; };
      const auto s = value_or_throw(odeint(f, start({2}), {0, 20}, {.method = method, .rtol = rtol, .atol = rtol}));
      const double c = lambda * lambda / (1 + lambda * lambda), d = lambda / (1 + lambda * lambda);
      CHECK(std::abs(s.y[1][0].item() - c * std::cos(20) - d * std::sin(20)) < 10 * rtol);
      CHECK(s.statistics.stiff_phases <= 3);
      if (lambda > 1000) CHECK(s.statistics.stiff_phases >= 1);
    }
}

TEST_CASE("float32, backward time and rows that depend on each other") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const double sign : {1.0, -1.0}) {
      const auto f = [&](const Tensor&, const State& y) {
        return State{sign * (-1000 * y[0] + 999 * mean(y[0], {0}, true) + 0 * y[0])};
      };
      const State y0{tensor({1, 2, 3, 4, 5, 6}, {3, 2}, dtype)};
      const auto s =
          value_or_throw(odeint(f, y0, {0, sign}, {.method = method, .rtol = 1e-4, .atol = 1e-5, .max_steps = 100000}));
      // The means 3 and 4 decay at rate 1, the differences from them at rate 1000.
      for (int64_t i = 0; i < 3; ++i) {
        CHECK(s.y[1][0].values()[static_cast<size_t>(2 * i)] == Approx(3 * std::exp(-1)).epsilon(2e-3));
        CHECK(s.y[1][0].values()[static_cast<size_t>(2 * i + 1)] == Approx(4 * std::exp(-1)).epsilon(2e-3));
      }
      // The solve starts again when the rows are found to be coupled.
      CHECK(s.statistics.stiff_phases == 2);
    }
}

TEST_CASE("Outputs, dense output and events are accurate on both sides of a change") {
  const OdeTerm term = ramp(scalar(2000, DType::float64), 5);
  std::vector<double> times{0};
  for (int i = 1; i <= 120; ++i) times.push_back(0.05 * i);
  OdeOptions options{.method = method, .rtol = 1e-6, .atol = 1e-6, .dense = true};
  options.events = {{.g = [](const Tensor&, const State& y) { return y[0]; }}};
  const auto s = value_or_throw(odeint(term, start({1.5}), times, options));
  const auto exact =
      value_or_throw(odeint(term, start({1.5}), times, {.method = "radau5", .rtol = 1e-10, .atol = 1e-10}));
  CHECK(s.statistics.stiff_phases == 1);
  CHECK(s.orders.front() == 0);
  CHECK(s.orders.back() == 0);
  for (size_t i = 0; i < times.size(); ++i) {
    CHECK(std::abs(s.y[i][0].item() - exact.y[i][0].item()) < 2e-5);
    CHECK(std::abs(s.at(times[i])[0].item() - exact.y[i][0].item()) < 2e-5);
  }
  CHECK(s.events.size() > 6);
  for (const OdeEventReached& event : s.events) CHECK(std::abs(s.at(event.t)[0].item()) < 1e-8);
}

TEST_CASE("A replay repeats the steps with their methods, and needs all orders") {
  const OdeTerm term = ramp(scalar(2000, DType::float64));
  OdeOptions options{.method = method, .implicit = {.tolerance = 1e-8}};
  const auto s = value_or_throw(odeint(term, start({1.5}), {0, 4}, options));
  REQUIRE(s.orders.size() + 1 == s.grid.size());
  options.replay = {s.grid, s.orders};
  const auto again = value_or_throw(odeint(term, start({1.5}), {0, 4}, options));
  CHECK(again.orders == s.orders);
  CHECK(again.statistics.stiff_phases == s.statistics.stiff_phases);
  CHECK(relative_error(again.y[1][0], s.y[1][0].values()) < 1e-12);
  options.replay.orders.clear();
  CHECK_THROWS_WITH(odeint(term, start({1.5}), {0, 4}, options), Catch::Matchers::Contains("orders"));
  CHECK_THROWS_WITH(odeint(term, start({1.5}), {0, 4}, {.method = method, .steps = 10}),
                    Catch::Matchers::Contains("equal steps"));
}

TEST_CASE("Gradients through changes of the method are those of the steps, in all modes") {
  const double most = 500, initial = 1.5;
  OdeOptions options{.method = method, .rtol = 1e-6, .atol = 1e-6, .implicit = {.tolerance = 1e-9}};
  const std::vector<double> times{0, 1, 1.9, 2.4, 4};
  const auto loss = [&](const Tensor& k, const Tensor& y0) {
    const auto s = value_or_throw(odeint(ramp(k), {y0}, times, options));
    Tensor sum_of = scalar(0, DType::float64);
    for (const State& y : s.y) sum_of = sum_of + sum(square(y[0]));
    return std::pair{sum_of, s};
  };
  const auto leaf = [](double x) { return tensor({x}, DType::float64); };
  {
    const NoGrad guard;
    const auto s = loss(leaf(most), leaf(initial)).second;
    CHECK(s.statistics.stiff_phases == 1);
    CHECK(s.orders.back() == 0);
    options.replay = {s.grid, s.orders};
  }
  const auto difference = [&](double dk, double dy) {
    const NoGrad guard;
    return (loss(leaf(most + dk), leaf(initial + dy)).first - loss(leaf(most - dk), leaf(initial - dy)).first).item() /
           (2 * (dk + dy));
  };
  const double by_k = difference(0.05, 0), by_y0 = difference(0, 1e-4);
  const StepSchedule steps = options.replay;
  for (const OdeGradient gradient : all_gradients)
    for (const bool replayed : {true, false}) {
      const bool discrete = gradient == OdeGradient::direct || gradient == OdeGradient::checkpointed;
      // Solved backwards, the contraction by exp(500) is not recovered.
      if (gradient == OdeGradient::backsolve || (replayed && !discrete)) continue;
      INFO("mode " << static_cast<int>(gradient) << ", replayed " << replayed);
      options.gradient = gradient;
      options.rtol = options.atol = discrete ? 1e-6 : 1e-10;
      options.replay = replayed ? steps : StepSchedule{};
      const Tensor k = track(leaf(most)), y0 = track(leaf(initial));
      const auto [value, s] = loss(k, y0);
      const auto g = grad(value, {k, y0});
      CHECK(g[0].item() == Approx(by_k).epsilon(discrete ? 1e-6 : 1e-3).margin(1e-9));
      CHECK(g[1].item() == Approx(by_y0).epsilon(discrete ? 1e-6 : 1e-3));
      if (!discrete) CHECK(s.adjoint->stiff_phases >= 1);
    }
  options = {.method = method, .rtol = 1e-9, .atol = 1e-9, .gradient = OdeGradient::backsolve};
  const Tensor k = track(leaf(2)), y0 = track(leaf(initial));
  const auto g = grad(loss(k, y0).first, {k, y0});
  options.gradient = OdeGradient::direct;
  const auto direct = grad(loss(k, y0).first, {k, y0});
  for (size_t i = 0; i < 2; ++i) CHECK(g[i].item() == Approx(direct[i].item()).epsilon(1e-5));
}

TEST_CASE("The checkpointed gradient is the direct one also if the method changes where a segment begins") {
  int at_start = 0;
  for (int i = 0; i < 12; ++i) {
    const double most = 300 + 60 * i, rtol = std::pow(10.0, -4 - 0.2 * i);
    INFO("most = " << most << ", rtol = " << rtol);
    std::vector<double> gradients;
    for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::checkpointed}) {
      const Tensor k = track(tensor({most}, DType::float64)), y0 = track(tensor({1.5, 2}, DType::float64));
      // The second component remembers its start.
      const auto f = [term = ramp(k, 5)](const Tensor& t, const State& s) {
        const Tensor y = slice(s[0], -1, 0, 1), z = slice(s[0], -1, 1, 2);
        return State{concat({term(t, {y})[0], y - 0.1 * z})};
      };
      const auto s = value_or_throw(odeint(
          f, {y0}, {0, 4}, {.method = method, .rtol = rtol, .implicit = {.tolerance = 1e-9}, .gradient = gradient}));
      for (const Tensor& g : grad(sum(square(s.y[1][0])), {k, y0}))
        for (const double x : g.values()) gradients.push_back(x);
      // Segments have 1, 2, 3, … steps.
      size_t begin = 0;
      for (size_t steps = 1; begin < s.orders.size(); begin += steps++)
        at_start += begin > 0 && (s.orders[begin - 1] == 0) != (s.orders[begin] == 0) ? 1 : 0;
    }
    for (size_t j = 0; j < 3; ++j) CHECK(gradients[3 + j] == Approx(gradients[j]).epsilon(1e-7));
  }
  CHECK(at_start > 0);
}

TEST_CASE("Estimates of the fastest component respect the limit, and survive quadratures, a constant f and a NaN") {
  const OdeTerm term = ramp(scalar(2000, DType::float64));
  for (int64_t limit = 1; limit < 400; limit += 7) {
    int64_t evaluations = 0;
    const NoGrad guard;
    const auto counted = [&](const Tensor& t, const State& y) {
      ++evaluations;
      return term(t, y);
    };
    const OdeTerm whole(counted, nullptr, [](const Tensor& t, const State&) {
      return reshape(-(1 + 2000 * exp(-4 * square(t - 2))), {1, 1});
    });
    const auto s = odeint(whole, start({1.5}), {0, 4}, {.method = method, .max_evaluations = limit});
    CHECK(evaluations <= limit);
    CHECK(s.statistics.evaluations == evaluations);
  }
  // The quadrature is large and controlled.
  const auto integral = [&](const Tensor& t, const State& s) { return State{term(t, {s[0]})[0], 1e4 * s[0]}; };
  const auto s = value_or_throw(
      odeint(integral, {start({1.5})[0], start({0})[0]}, {0, 4}, {.method = method, .quadratures = {false, true}}));
  CHECK(s.statistics.stiff_phases == 1);
  // One that changes a thousand times as fast as the state is not a fast component.
  const auto dear = [](const Tensor& t, const State& s) { return State{1e-3 * cos(20 * t) - s[0], 1e4 * s[0]}; };
  CHECK(value_or_throw(odeint(dear, {start({0})[0], start({0})[0]}, {0, 4},
                              {.method = method, .rtol = 1e-6, .atol = 1e-6, .quadratures = {false, true}}))
            .statistics.stiff_phases == 0);
  // At the start f does not change at all.
  const auto later = [&](const Tensor& t, const State& y) {
    return State{t.item() < 1 ? 1 + 0 * y[0] : -1e5 * (y[0] - cos(t))};
  };
  CHECK(
      value_or_throw(odeint(later, start({0}), {0, 3}, {.method = method, .max_steps = 1000})).statistics.stiff_phases >
      0);
  // f is NaN just beside the solution y = 1.
  const auto edge = [](const Tensor&, const State& y) { return State{-1e4 * (y[0] - 1) + 0 * sqrt(1 - y[0])}; };
  const auto along = odeint(edge, start({1}), {0, 1}, {.method = method});
  CHECK(along.status == OdeStatus::success);
}

}  // namespace dimwise::ode_switching_tests
