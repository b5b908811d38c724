#include <cmath>

#include "autodiff/context.hpp"
#include "hollow/ode/problems/problems.hpp"
#include "tests/catch.hpp"

namespace dimwise::ode_problems_invariants_tests {

namespace {

using Invariant = std::function<double(const std::vector<double>& y)>;

// The largest deviation of an invariant from its initial value, over 50 times.
double drift(const std::string& name, const OdeOptions& how, double rtol, const Invariant& invariant) {
  const NoGrad guard;
  const OdeProblem p = ode_problem(name);
  std::vector<double> times{p.times.front()};
  for (int i = 1; i <= 50; ++i)
    times.push_back(p.log_time ? p.times.back() * std::pow(10, (i - 50) / 5.0) : p.times.back() * i / 50);
  OdeOptions options = tolerances(p, rtol, how);
  options.max_steps = 100000;
  const OdeSolution s = value_or_throw(odeint(p.term, p.y0, times, options));
  double worst = 0;
  const double before = invariant(s.y.front()[0].values());
  for (const State& y : s.y) worst = std::max(worst, std::abs(invariant(y[0].values()) - before));
  return worst;
}

double sum_of(const std::vector<double>& y) {
  double total = 0;
  for (const double v : y) total += v;
  return total;
}

}  // namespace

TEST_CASE("Linear invariants are conserved to rounding by Newton's and by functional iteration") {
  const auto method = GENERATE(as<std::string>{}, "bdf", "adams", "radau5", "kencarp5");
  const auto corrector = GENERATE(as<std::string>{}, "newton", "functional");
  INFO(method << "/" << corrector);
  const OdeOptions how{.method = method, .implicit = {.corrector = corrector}};
  CHECK(drift("detest-c1", how, 1e-4, sum_of) < 1e-13);
  CHECK(drift("detest-b3", how, 1e-4, sum_of) < 1e-13);
  if (corrector == "functional") return;
  CHECK(drift("hires", how, 1e-4, [](const auto& y) { return y[6] + y[7]; }) < 1e-15);
  if (method != "adams") CHECK(drift("robertson", how, 1e-4, sum_of) < 1e-11);  // to t = 1e11
}

TEST_CASE("Linear invariants are conserved to the tolerance if only the diagonal is inverted") {
  const auto method = GENERATE(as<std::string>{}, "bdf", "adams", "radau5", "kencarp5");
  const double rtol = GENERATE(1e-4, 1e-7);
  INFO(method << " at rtol " << rtol);
  const OdeOptions how{.method = method, .implicit = {.corrector = "jacobi_newton"}};
  for (const std::string name : {"detest-c1", "detest-b3"}) {
    const double lost = drift(name, how, rtol, sum_of);
    CHECK(lost < 30 * rtol);
    if (method == "bdf") CHECK(lost > 1e-13);
  }
}

TEST_CASE("Nonlinear invariants are conserved to the tolerance") {
  const auto method = GENERATE(as<std::string>{}, "dopri5", "tsit5", "dopri8", "adams", "radau5");
  const double rtol = GENERATE(1e-5, 1e-9);
  INFO(method << " at rtol " << rtol);
  CHECK(drift("lotka-volterra", {.method = method}, rtol,
              [](const auto& y) { return y[0] - 3 * std::log(y[0]) + y[1] - 1.5 * std::log(y[1]); }) < 300 * rtol);
  CHECK(drift("kepler", {.method = method}, rtol,
              [](const auto& y) { return (y[2] * y[2] + y[3] * y[3]) / 2 - 1 / std::hypot(y[0], y[1]); }) < 300 * rtol);
  CHECK(drift("kepler", {.method = method}, rtol, [](const auto& y) { return y[0] * y[3] - y[1] * y[2]; }) <
        300 * rtol);
  CHECK(drift("rotation", {.method = method}, rtol, [](const auto& y) { return std::hypot(y[0], y[1]); }) < 300 * rtol);
  CHECK(drift("detest-b5", {.method = method}, rtol, [](const auto& y) { return y[0] * y[0] + y[1] * y[1]; }) <
        300 * rtol);
}

}  // namespace dimwise::ode_problems_invariants_tests
