// Every method converges with its order, in both directions of time and both dtypes, and is exact on polynomials of its
// degree.

#include <algorithm>
#include <cmath>

#include "hollow/ode/methods/runge_kutta.hpp"
#include "hollow/ode/odeint.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::ode_order_tests {

namespace {

// y' = y cos t, with solution y0 exp(sin t − sin t0).
State swing(const Tensor& t, const State& y) { return {y[0] * astype(cos(t), y[0].dtype())}; }
double swing_exact(double y0, double t0, double t) { return y0 * std::exp(std::sin(t) - std::sin(t0)); }

double final_error(const std::string& method, double t0, double t1, int64_t steps, DType dtype) {
  const double y0 = 1.3;
  const auto s = odeint(swing, {scalar(y0, dtype)}, {t0, t1}, {.method = method, .steps = steps});
  REQUIRE(s.status == OdeStatus::success);
  return std::abs(s.y.back()[0].item() - swing_exact(y0, t0, t1));
}

double slope(double coarse, double fine) { return std::log2(coarse / fine); }

}  // namespace

TEST_CASE("float64: methods converge with their order, forwards and backwards") {
  for (const Tableau* method : tableaux()) {
    const int p = method->order;
    // End times at which the leading error term of every method is well away from zero.
    const double end = p <= 6 ? 6.2 : 4.5;
    const int64_t n = p == 1 ? 4096 : p == 2 ? 256 : p <= 6 ? 128 : 16;
    for (const auto& [t0, t1] : {std::pair{0.2, end}, std::pair{end, 0.2}}) {
      INFO(method->name << " from " << t0 << " to " << t1);
      const double coarse = final_error(method->name, t0, t1, n, DType::float64);
      const double fine = final_error(method->name, t0, t1, 2 * n, DType::float64);
      CHECK(slope(coarse, fine) == Approx(p).margin(p <= 6 ? 0.15 : 0.5));
    }
  }
}

TEST_CASE("float32: methods converge with their order as far as rounding allows, to within 1e-5 of float64") {
  for (const Tableau* method : tableaux())
    for (const auto& [t0, t1] : {std::pair{0.2, 1.7}, std::pair{1.7, 0.2}}) {
      INFO(method->name << " from " << t0 << " to " << t1);
      if (method->order <= 2) {
        const int64_t n = method->order == 1 ? 32 : 8;
        const double coarse = final_error(method->name, t0, t1, n, DType::float32);
        CHECK(slope(coarse, final_error(method->name, t0, t1, 2 * n, DType::float32)) ==
              Approx(method->order).margin(0.15));
      }
      const OdeOptions options{.method = method->name, .steps = 40};
      const auto low = odeint(swing, {scalar(1.3f)}, {t0, t1}, options);
      const auto high = odeint(swing, {scalar(1.3, DType::float64)}, {t0, t1}, options);
      CHECK(low.y.back()[0].item() == Approx(high.y.back()[0].item()).epsilon(1e-5));
    }
}

TEST_CASE("The interpolant of every method has its order") {
  for (const Tableau* method : tableaux())
    for (const double direction : {1.0, -1.0}) {
      INFO(method->name << (direction > 0 ? " forwards" : " backwards"));
      // One step from exact values: the error of order p is of size h^(p+1).
      const auto error = [&](double h, double theta) {
        const State y{scalar(1.3, DType::float64)};
        const auto system = std::make_shared<ode::System>(swing, y, OdeOptions{});
        ode::RungeKutta solver(*method, system, 0.4, y, {});
        const double t1 = 0.4 + direction * h, at = 0.4 + theta * (t1 - 0.4);
        solver.accept(solver.attempt(t1, false));
        return std::abs(solver.interpolant().at(at)[0].item() - swing_exact(1.3, 0.4, at));
      };
      const double h = method->order < 3 ? 0.01 : method->order <= 6 ? 0.02 : 0.3;
      CHECK(slope(error(h, 0.6), error(h / 2, 0.6)) == Approx(method->interpolant_order + 1).margin(0.15));
    }
}

TEST_CASE("Dense output at requested times has order 4 with dopri5, and does not change the steps") {
  const State y0{scalar(1.3, DType::float64)};
  const OdeOptions options{.rtol = 1e-9, .atol = 1e-9};
  std::vector<double> times;
  for (int i = 0; i <= 100; ++i) times.push_back(0.2 + 0.03 * i);
  for (const bool backwards : {false, true}) {
    if (backwards) std::reverse(times.begin(), times.end());
    const auto dense = odeint(swing, y0, times, options);
    const auto ends = odeint(swing, y0, {times.front(), times.back()}, options);
    REQUIRE(dense.status == OdeStatus::success);
    CHECK(dense.grid == ends.grid);
    CHECK(dense.statistics.evaluations == ends.statistics.evaluations);
    CHECK(dense.y.back()[0].item() == ends.y.back()[0].item());
    CHECK(dense.grid.back() == times.back());
    REQUIRE(dense.y.size() == times.size());
    for (size_t i = 0; i < times.size(); ++i)
      CHECK(dense.y[i][0].item() == Approx(swing_exact(1.3, times[0], times[i])).epsilon(3e-8));
  }
}

TEST_CASE("Dense output of dopri8 takes three evaluations per interpolated step, and has order 7") {
  const State y0{scalar(1.3, DType::float64)};
  const OdeOptions options{.method = "dopri8", .rtol = 1e-9, .atol = 1e-9};
  std::vector<double> times;
  for (int i = 0; i <= 100; ++i) times.push_back(0.2 + 0.03 * i);
  const auto dense = odeint(swing, y0, times, options);
  const auto once = odeint(swing, y0, {times.front(), times.front() + 1e-3, times.back()}, options);
  const auto ends = odeint(swing, y0, {times.front(), times.back()}, options);
  CHECK(dense.grid == ends.grid);
  CHECK(once.grid == ends.grid);
  CHECK(once.statistics.evaluations == ends.statistics.evaluations + 3);
  CHECK(dense.statistics.evaluations == ends.statistics.evaluations + 3 * ends.statistics.accepted);
  for (size_t i = 0; i < times.size(); ++i)
    CHECK(dense.y[i][0].item() == Approx(swing_exact(1.3, times[0], times[i])).epsilon(3e-9));
}

TEST_CASE("Every method is exact on polynomials of its degree") {
  for (const Tableau* method : tableaux())
    for (const double direction : {1.0, -1.0}) {
      const int p = method->order;
      const auto f = [&](const Tensor& t, const State&) { return State{p * pow(t, p - 1.0)}; };
      const double t0 = 0.5, t1 = t0 + direction * 0.9;
      const auto s =
          odeint(f, {scalar(std::pow(t0, p), DType::float64)}, {t0, t1}, {.method = method->name, .steps = 3});
      INFO(method->name);
      CHECK(s.y.back()[0].item() == Approx(std::pow(t1, p)).margin(1e-14));
    }
}

}  // namespace dimwise::ode_order_tests
