// Accuracy of the adaptive solver on problems with known solutions.

#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_reference_tests {

using namespace dimwise::problems;

namespace {

// dopri5's solution at t, starting at 0.
State solved(const VectorField& f, const State& y0, double t, double tolerance) {
  const auto s = odeint(f, y0, {0, t}, {.rtol = tolerance, .atol = tolerance, .max_steps = 100000});
  INFO(s.message);
  REQUIRE(s.status == OdeStatus::success);
  return s.y.back();
}

}  // namespace

TEST_CASE("Solutions agree with stored references up to rtol times the problem's error amplification") {
  const nlohmann::json json = references("ivp_reference.json");
  const Tensor lv = tensor({1.5, 1, 3, 1}, DType::float64), spiral = tensor({-0.1, 2, -2, -0.1}, DType::float64);
  const struct {
    const char* name;
    VectorField f;
    std::vector<double> amplification;  // at each stored time
  } problems[] = {{"lotka_volterra", lotka_volterra(lv), {5, 60}},
                  {"cubic_spiral", cubic_spiral(spiral), {5, 60, 200}},
                  {"lorenz63", lorenz, {5, 500}}};
  for (const auto& problem : problems) {
    const auto& stored = json[problem.name];
    const auto results = stored["results"];
    REQUIRE(results.size() == problem.amplification.size());
    for (size_t i = 0; i < results.size(); ++i)
      for (const double tolerance : {1e-5, 1e-8, 1e-11}) {
        const State y = solved(problem.f, start(stored["y0"].get<std::vector<double>>()), results[i]["t"], tolerance);
        const double error = relative_error(y[0], results[i]["y"].get<std::vector<double>>());
        INFO(problem.name << " at t = " << results[i]["t"] << ", tolerance " << tolerance
                          << ": error / tolerance = " << error / tolerance);
        CHECK(error <= problem.amplification[i] * tolerance);
      }
  }
}

TEST_CASE("The Arenstorf orbit closes") {
  const std::vector<double> y0{0.994, 0, 0, -2.00158510637908252240537862224};
  for (const double tolerance : {1e-9, 1e-11}) {
    const State y = solved(arenstorf, start(y0), 17.0652165601579625588917206249, tolerance);
    CHECK(relative_error(y[0], y0) < 1e5 * tolerance);
  }
}

TEST_CASE("Closed forms: forced relaxation, Prothero-Robinson, logistic growth, Kepler") {
  const double tolerance = 1e-9;
  const VectorField forced = [](const Tensor& t, const State& y) -> State { return {-50 * (y[0] - cos(t))}; };
  for (const double t : {0.05, 1.0, 3.0}) {
    const double exact = (2500 * std::cos(t) + 50 * std::sin(t) - 2500 * std::exp(-50 * t)) / 2501;
    CHECK(solved(forced, start({0}), t, tolerance)[0].values()[0] == Approx(exact).margin(20 * tolerance));
  }
  for (const double lambda : {-1.0, -100.0}) {
    const VectorField f = [&](const Tensor& t, const State& y) -> State { return {lambda * (y[0] - sin(t)) + cos(t)}; };
    CHECK(solved(f, start({0}), 2, tolerance)[0].values()[0] == Approx(std::sin(2.0)).margin(20 * tolerance));
  }
  const VectorField logistic = [](const Tensor&, const State& y) -> State { return {y[0] * (1 - y[0])}; };
  CHECK(relative_error(solved(logistic, start({0.1, 0.5, 2}), 3, tolerance)[0],
                       {1 / (1 + 9 * std::exp(-3.0)), 1 / (1 + std::exp(-3.0)), 1 / (1 - 0.5 * std::exp(-3.0))}) <
        20 * tolerance);
  const double e = 0.5, period = 2 * std::acos(-1.0);
  const std::vector<double> y0{1 - e, 0, 0, std::sqrt((1 + e) / (1 - e))};
  const State y = solved(kepler, start(y0), period, tolerance);
  CHECK(relative_error(y[0], y0) < 500 * tolerance);
  const std::vector<double> v = solved(kepler, start(y0), 2, tolerance)[0].values();
  CHECK((v[2] * v[2] + v[3] * v[3]) / 2 - 1 / std::hypot(v[0], v[1]) == Approx(-0.5).margin(100 * tolerance));
  CHECK(v[0] * v[3] - v[1] * v[2] == Approx(std::sqrt(1 - e * e)).margin(100 * tolerance));
}

TEST_CASE("A rotation solved forwards and backwards returns to its start") {
  const double w = 3;
  const VectorField rotation = [&](const Tensor&, const State& s) -> State {
    return {vec({w * at(s[0], 1), -w * at(s[0], 0)})};
  };
  const OdeOptions options{.rtol = 1e-10, .atol = 1e-10};
  const auto there = odeint(rotation, start({1, 0.5}), {0, 2}, options);
  CHECK(relative_error(there.y.back()[0],
                       {std::cos(w * 2) + 0.5 * std::sin(w * 2), 0.5 * std::cos(w * 2) - std::sin(w * 2)}) < 1e-8);
  const auto back = odeint(rotation, there.y.back(), {2, 0}, options);
  CHECK(relative_error(back.y.back()[0], {1, 0.5}) < 1e-8);
  CHECK(back.grid.front() == 2);
  CHECK(back.grid.back() == 0);
}

TEST_CASE("float32 solves to float32's accuracy") {
  const VectorField logistic = [](const Tensor&, const State& y) -> State { return {y[0] * (1 - y[0])}; };
  const auto s = odeint(logistic, start({0.1}, DType::float32), {0, 3}, {.rtol = 1e-5, .atol = 1e-6});
  REQUIRE(s.status == OdeStatus::success);
  CHECK(s.y.back()[0].dtype() == DType::float32);
  CHECK(s.y.back()[0].values()[0] == Approx(1 / (1 + 9 * std::exp(-3.0))).epsilon(2e-5));
}

}  // namespace dimwise::ode_reference_tests
