// Implicit Runge–Kutta methods converge with their order, in both directions of time and both dtypes, and are exact on
// polynomials of their degree; under stiffness they have the order of their stages.

#include <cmath>

#include "hollow/ode/odeint.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "tests/catch.hpp"

namespace dimwise::ode_implicit_order_tests {

namespace {

struct Expected {
  const char* method;
  int order, interpolant;
};
constexpr Expected methods[] = {
    {"kvaerno3", 3, 3}, {"kencarp3", 3, 3}, {"kencarp4", 4, 4}, {"kencarp5", 5, 4}, {"radau5", 5, 3}};

// y' = y cos t, with solution y0 exp(sin t − sin t0).
State swing(const Tensor& t, const State& y) { return {y[0] * astype(cos(t), y[0].dtype())}; }
double swing_exact(double y0, double t0, double t) { return y0 * std::exp(std::sin(t) - std::sin(t0)); }

// Stage equations solved to rounding.
OdeOptions exact_stages(const char* method) {
  return {.method = method, .implicit = {.corrector = "newton", .tolerance = 1e-8}};
}

double final_error(const char* method, double t0, double t1, int64_t steps) {
  OdeOptions options = exact_stages(method);
  options.steps = steps;
  const auto s = odeint(swing, {scalar(1.3, DType::float64)}, {t0, t1}, options);
  REQUIRE(s.status == OdeStatus::success);
  return std::abs(s.y.back()[0].item() - swing_exact(1.3, t0, t1));
}

double slope(double coarse, double fine) { return std::log2(coarse / fine); }

}  // namespace

TEST_CASE("float64: implicit methods converge with their order, forwards and backwards") {
  for (const auto& [method, order, interpolant] : methods)
    for (const auto& [t0, t1] : {std::pair{0.2, 4.5}, std::pair{4.5, 0.2}}) {
      INFO(method << " from " << t0 << " to " << t1);
      const int64_t n = 32;
      CHECK(slope(final_error(method, t0, t1, n), final_error(method, t0, t1, 2 * n)) == Approx(order).margin(0.15));
    }
}

TEST_CASE("float32: implicit methods are within 1e-5 of float64") {
  for (const auto& [method, order, interpolant] : methods)
    for (const auto& [t0, t1] : {std::pair{0.2, 1.7}, std::pair{1.7, 0.2}}) {
      INFO(method << " from " << t0 << " to " << t1);
      const OdeOptions options{.method = method, .rtol = 1e-4, .atol = 1e-5, .steps = 40};
      const auto low = odeint(swing, {scalar(1.3f)}, {t0, t1}, options);
      const auto high = odeint(swing, {scalar(1.3, DType::float64)}, {t0, t1}, options);
      CHECK(low.status == OdeStatus::success);
      CHECK(low.y.back()[0].item() == Approx(high.y.back()[0].item()).epsilon(1e-5));
    }
}

TEST_CASE("Implicit methods are exact on polynomials of their degree") {
  for (const auto& [method, order, interpolant] : methods)
    for (const double direction : {1.0, -1.0}) {
      INFO(method);
      const int p = order;
      const auto f = [&](const Tensor& t, const State& y) { return State{p * pow(t, p - 1.0) + 0 * y[0]}; };
      OdeOptions options = exact_stages(method);
      options.steps = 3;
      const double t0 = 0.5, t1 = t0 + direction * 0.9;
      const auto s = odeint(f, {scalar(std::pow(t0, p), DType::float64)}, {t0, t1}, options);
      CHECK(s.y.back()[0].item() == Approx(std::pow(t1, p)).margin(1e-13));
    }
}

TEST_CASE("The interpolants of implicit methods have their orders") {
  for (const auto& [method, order, interpolant] : methods)
    for (const double direction : {1.0, -1.0}) {
      INFO(method << (direction > 0 ? " forwards" : " backwards"));
      // One step from exact values: the error of order p is of size h^(p+1).
      const auto error = [&, name = method](double h) {
        OdeOptions options = exact_stages(name);
        const double t0 = 1.4, t1 = t0 + direction * h, between = t0 + 0.3 * direction * h;
        options.replay.grid = {t0, t1};
        const auto s = odeint(swing, {scalar(1.3, DType::float64)}, {t0, between, t1}, options);
        return std::abs(s.y[1][0].item() - swing_exact(1.3, t0, between));
      };
      CHECK(slope(error(0.05), error(0.025)) == Approx(interpolant + 1).margin(0.15));
    }
}

TEST_CASE("Prothero and Robinson's problem: errors of size 1/λ, and the reduced order under stiffness") {
  // y' = λ (y − cos t) − sin t from the smooth solution cos t. The order is reduced: the ESDIRKs, whose stages have
  // order 2, have order 2; Radau, whose stages have order 3, has order 3.
  for (const auto& [method, order, interpolant] : methods) {
    const auto error = [&, name = method](double lambda, int64_t steps) {
      const auto f = [&](const Tensor& t, const State& y) { return State{lambda * (y[0] - cos(t)) - sin(t)}; };
      OdeOptions options = exact_stages(name);
      options.steps = steps;
      const auto s = odeint(f, {scalar(1, DType::float64)}, {0, 5}, options);
      REQUIRE(s.status == OdeStatus::success);
      return std::abs(s.y.back()[0].item() - std::cos(5.0));
    };
    INFO(method << ": errors " << error(-1e6, 10) << ", " << error(-1e4, 40) << ", " << error(-1e4, 80));
    CHECK(error(-1e6, 10) < 2e-8);
    CHECK(error(-1e4, 10) / error(-1e6, 10) == Approx(100).epsilon(0.1));
    CHECK(slope(error(-1e4, 40), error(-1e4, 80)) == Approx(std::string(method) == "radau5" ? 3 : 2).margin(0.2));
  }
}

TEST_CASE("A corrector that solves to rounding refreshes the Jacobian before it gives up") {
  // Equal steps cannot be shortened: every equation must be solved.
  for (const int64_t steps : {32, 64, 128})
    for (const auto& each : methods) CHECK(final_error(each.method, 0.2, 6.2, steps) < 1e-3);
}

}  // namespace dimwise::ode_implicit_order_tests
