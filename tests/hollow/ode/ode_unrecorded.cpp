// Right-hand sides in plain loops, which leave nothing on the tape: Jacobians by differences, no lost gradients.
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/ode/problems/problems.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_unrecorded_tests {

using namespace dimwise::problems;
using Catch::Matchers::Contains;

namespace {

// The term without its tape, diagonal and Jacobian.
VectorField in_loops(const OdeTerm& term) {
  return [f = term.f](const Tensor& t, const State& y) {
    const NoGrad guard;
    return f(t, y);
  };
}

const std::vector<std::string> implicit_methods{"bdf", "kvaerno3", "kencarp3", "kencarp4", "kencarp5", "radau5"};

}  // namespace

TEST_CASE("A stiff f in plain loops is solved with Jacobians by differences, in about as many steps") {
  for (const char* name : {"robertson", "hires", "van-der-pol", "oregonator"}) {
    const OdeProblem problem = ode_problem(name);
    for (const std::string& method : implicit_methods)
      for (const char* corrector : {"automatic", "newton", "newton_krylov"}) {
        INFO(name << ' ' << method << ' ' << corrector);
        OdeOptions options = tolerances(problem, 1e-5, {.method = method, .implicit = {.corrector = corrector}});
        options.max_steps = 20000;
        const auto recorded = odeint({problem.term.f}, problem.y0, problem.times, options);
        const auto loops = odeint(in_loops(problem.term), problem.y0, problem.times, options);
        if (recorded.status != OdeStatus::success) continue;
        REQUIRE(loops.status == OdeStatus::success);
        CHECK(relative_error(loops.y.back()[0], recorded.y.back()[0].values()) < 1e-2);
        CHECK(static_cast<double>(loops.statistics.accepted) < 1.3 * static_cast<double>(recorded.statistics.accepted));
      }
  }
}

TEST_CASE("Differences count as evaluations, within the limit, and take a batch of rows at once") {
  const VectorField f = [](const Tensor&, const State& y) -> State {
    const NoGrad guard;
    return {-1000 * y[0] + y[0] * y[0]};
  };
  int64_t calls = 0;
  const VectorField counted = [&](const Tensor& t, const State& y) {
    ++calls;
    return f(t, y);
  };
  const OdeOptions options{.method = "bdf", .rtol = 1e-6, .atol = 1e-8};
  for (const int64_t rows : {1, 50}) {
    calls = 0;
    const auto s = value_or_throw(odeint(counted, {ones({rows, 2}, DType::float64)}, {0, 10}, options));
    CHECK(s.statistics.accepted < 200);
    CHECK(s.statistics.jacobians < 30);
    CHECK(calls == s.statistics.evaluations);
  }
  OdeOptions few = options;
  few.max_evaluations = 20;
  const auto s = odeint(counted, {ones({2}, DType::float64)}, {0, 10}, few);
  CHECK(s.status == OdeStatus::max_evaluations_reached);
  CHECK(s.statistics.evaluations == 20);
}

TEST_CASE("In float32, differences of an f in plain loops solve a stiff problem, too") {
  const VectorField van_der_pol = [](const Tensor&, const State& y) -> State {
    const NoGrad guard;
    const Tensor x = at(y[0], 0), v = at(y[0], 1);
    return {vec({v, 1000 * ((1 - x * x) * v) - x})};
  };
  const auto s = odeint(van_der_pol, {tensor({2, 0})}, {0, 2000}, {.method = "bdf", .rtol = 1e-3, .atol = 1e-5});
  REQUIRE(s.status == OdeStatus::success);
  CHECK(s.statistics.accepted < 2000);
}

TEST_CASE("The gradient of an f in plain loops is refused, that of an f of t alone is not") {
  const VectorField lost = [](const Tensor&, const State& y) -> State {
    const NoGrad guard;
    return {-2 * y[0]};
  };
  for (const char* method : {"dopri5", "rk4", "abm", "adams", "bdf", "kencarp4", "radau5"})
    for (const OdeGradient gradient : all_gradients) {
      INFO(method << ' ' << static_cast<int>(gradient));
      const Tensor y0 = track(ones({2}, DType::float64));
      const OdeOptions options{.method = method, .dt = 0.01, .gradient = gradient};
      CHECK_THROWS_WITH(odeint(lost, {y0}, {0, 1}, options), Contains("outside of the tape"));
      {
        const NoGrad guard;
        CHECK_NOTHROW(odeint(lost, {y0}, {0, 1}, options));
      }
      CHECK_NOTHROW(odeint(lost, {ones({2}, DType::float64)}, {0, 1}, options));
      const auto of_time = odeint([](const Tensor& t, const State& y) { return State{cos(t) * ones_like(y[0])}; }, {y0},
                                  {0, 1}, options);
      CHECK(relative_error(grad(sum(of_time.y[1][0]), y0), {1, 1}) < 1e-12);
    }
}

}  // namespace dimwise::ode_unrecorded_tests
