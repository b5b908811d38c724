// Implicit Runge–Kutta methods on stiff problems with stored references, their correctors, their statuses.

#include <cmath>

#include "hollow/ode/implicit/stage_matrix.hpp"
#include "hollow/ode/problems/problems.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_implicit_stiff_tests {

using namespace dimwise::problems;

namespace {

const std::vector<std::string> methods{"kvaerno3", "kencarp3", "kencarp4", "kencarp5", "radau5"};

OdeSolution solved(const OdeProblem& problem, const std::string& method, const std::string& corrector, double rtol) {
  return odeint(
      problem.term, problem.y0, problem.times,
      tolerances(problem, rtol, {.method = method, .max_steps = 100000, .implicit = {.corrector = corrector}}));
}

}  // namespace

TEST_CASE("Solutions agree with stiff references, and evaluations stay within their limits") {
  const nlohmann::json json = references("ivp_reference.json");
  // Measured evaluations of f at rtol 1e-4, 1e-6, 1e-8, in the order of the methods.
  const struct {
    const char* name;
    int64_t evaluations[5][3];
  } problems[] = {
      {"van-der-pol-mu",
       {{3602, 12282, 54283}, {3168, 8604, 31788}, {3126, 6192, 16922}, {2544, 5927, 13343}, {2209, 4372, 9310}}},
      {"robertson",
       {{1595, 5917, 25490}, {1273, 4651, 16825}, {1156, 2964, 9077}, {1255, 3257, 9416}, {1143, 2459, 5407}}},
      {"oregonator",
       {{4456, 15450, 67184}, {3826, 10547, 40847}, {3959, 8707, 25017}, {3820, 8083, 18725}, {3298, 6349, 13119}}},
      {"hires", {{1077, 3439, 15270}, {844, 2561, 9581}, {908, 2387, 7583}, {1065, 2104, 6015}, {808, 1448, 2892}}}};
  for (const auto& each : problems) {
    const OdeProblem problem = ode_problem(each.name);
    for (size_t m = 0; m < methods.size(); ++m)
      for (size_t k = 0; k < 3; ++k) {
        const double rtol = std::pow(10.0, -4 - 2 * static_cast<double>(k));
        const auto s = solved(problem, methods[m], "newton", rtol);
        INFO(each.name << " by " << methods[m] << " at rtol " << rtol << ": " << s.message);
        REQUIRE(s.status == OdeStatus::success);
        const double error = worst_error(problem.times, s, json[problem.reference]);
        CHECK(error < (rtol == 1e-8 ? 1e-5 : 200 * rtol));
        CHECK(s.statistics.evaluations < 1.2 * static_cast<double>(each.evaluations[m][k]));
        CHECK(s.statistics.corrector == "newton");
      }
  }
}

TEST_CASE("Van der Pol with 1/ε = 1e6 through eleven jumps by Radau") {
  const nlohmann::json json = references("ivp_reference.json");
  const OdeProblem problem = ode_problem("van-der-pol");
  const auto s = solved(problem, "radau5", "newton", 1e-6);
  REQUIRE(s.status == OdeStatus::success);
  CHECK(worst_error(problem.times, s, json[problem.reference]) < 1e-4);
  CHECK(s.statistics.evaluations < 36000);
}

TEST_CASE("All correctors reach the same solution where they converge") {
  const nlohmann::json json = references("ivp_reference.json");
  const OdeProblem problem = ode_problem("van-der-pol-mu");
  for (const std::string& method : methods)
    for (const char* corrector : {"automatic", "jacobi_newton", "newton", "newton_krylov"}) {
      const auto s = solved(problem, method, corrector, 1e-6);
      INFO(method << " with " << corrector << ": " << s.message);
      REQUIRE(s.status == OdeStatus::success);
      CHECK(worst_error(problem.times, s, json[problem.reference]) < 1e-4);
      CHECK((s.statistics.jacobians > 0) == (s.statistics.corrector == "newton"));
      CHECK((s.statistics.factorizations > 0) == (s.statistics.corrector == "newton"));
      if (std::string(corrector) == "jacobi_newton") {
        CHECK(s.statistics.diagonals > 0);
        CHECK(s.statistics.products == 0);
      }
      if (std::string(corrector) == "newton_krylov") CHECK(s.statistics.products > 0);
    }
}

TEST_CASE("Functional iteration suffices for nonstiff problems") {
  const Tensor p = tensor({1.5, 1, 3, 1}, DType::float64);
  const OdeOptions tight{.method = "dopri5", .rtol = 1e-11, .atol = 1e-11};
  const auto exact = odeint(lotka_volterra(p), start({1, 1}), {0, 2}, tight).y.back()[0].values();
  for (const std::string& method : methods) {
    const auto s = odeint(lotka_volterra(p), start({1, 1}), {0, 2},
                          {.method = method, .rtol = 1e-7, .atol = 1e-7, .implicit = {.corrector = "functional"}});
    INFO(method);
    REQUIRE(s.status == OdeStatus::success);
    CHECK(relative_error(s.y.back()[0], exact) < 1e-5);
    CHECK(s.statistics.jacobians + s.statistics.diagonals + s.statistics.products == 0);
  }
}

TEST_CASE("The diagonal suffices if it dominates; otherwise automatic changes the corrector") {
  const OdeProblem dominated = ode_problem("diagonally-dominant"), coupled = ode_problem("hires");
  for (const std::string& method : methods) {
    INFO(method);
    const auto kept = solved(dominated, method, "jacobi_newton", 1e-6);
    const auto whole = solved(dominated, method, "newton_krylov", 1e-6);
    REQUIRE(kept.status == OdeStatus::success);
    CHECK(kept.statistics.jacobians == 0);
    CHECK(relative_error(kept.y.back()[0], whole.y.back()[0].values()) < 1e-5);
    CHECK(solved(coupled, method, "automatic", 1e-6).statistics.corrector == "newton");
  }
  CHECK(solved(dominated, "radau5", "automatic", 1e-6).statistics.corrector == "jacobi_newton");
  CHECK(solved(dominated, "kencarp4", "automatic", 1e-6).statistics.corrector == "jacobi_newton");
}

TEST_CASE("A batch of rows is solved row by row: the Jacobian has one block per row") {
  const OdeProblem problem = ode_problem("oregonator");
  const std::vector<double> one = problem.y0[0].values();
  std::vector<double> rows;
  for (int i = 0; i < 3; ++i)
    for (const double v : one) rows.push_back(v * (1 + 0.1 * i));
  const State batch{tensor(rows, {3, 3}, DType::float64)};
  for (const std::string& method : methods)
    for (const char* corrector : {"newton", "newton_krylov"}) {
      const OdeOptions options{
          .method = method, .rtol = 1e-8, .atol = 1e-10, .max_steps = 100000, .implicit = {.corrector = corrector}};
      const auto together = odeint(problem.term, batch, {0, 10}, options);
      REQUIRE(together.status == OdeStatus::success);
      for (int64_t i = 0; i < 3; ++i) {
        const State row{select(batch[0], 0, i)};
        const auto alone = odeint(problem.term, row, {0, 10}, options);
        INFO(method << ' ' << corrector << " row " << i);
        CHECK(relative_error(select(together.y.back()[0], 0, i), alone.y.back()[0].values()) < 1e-5);
      }
    }
}

TEST_CASE("Several state tensors, and quadratures outside the equations, before and after them") {
  // p' = x + z, x' = −50 (x − cos t), z' = x − z, q' = x².
  const auto f = [](const Tensor& t, const State& y) -> State {
    return {y[1] + y[2], -50 * (y[1] - cos(t)), y[1] - y[2], square(y[1])};
  };
  const Tensor zero = tensor({0}, DType::float64);
  const State y0{zero, zero, tensor({1}, DType::float64), zero};
  const auto exact = odeint(f, y0, {0, 1.5}, {.method = "dopri8", .rtol = 1e-12, .atol = 1e-12});
  for (const std::string& method : methods)
    for (const char* corrector : {"newton", "jacobi_newton"}) {
      const OdeOptions options{.method = method,
                               .rtol = 1e-8,
                               .atol = 1e-8,
                               .quadratures = {true, false, false, true},
                               .implicit = {.corrector = corrector}};
      const auto s = odeint(f, y0, {0, 0.7, 1.5}, options);
      INFO(method << ' ' << corrector << ": " << s.message);
      REQUIRE(s.status == OdeStatus::success);
      for (size_t i = 0; i < 4; ++i) CHECK(s.y.back()[i].item() == Approx(exact.y.back()[i].item()).epsilon(1e-6));
    }
}

TEST_CASE("An unsolvable problem ends with a status, within its limits") {
  const OdeProblem problem = ode_problem("robertson");
  for (const std::string& method : methods) {
    INFO(method);
    OdeOptions options = tolerances(problem, 1e-6, {.method = method});
    options.implicit.corrector = "functional";
    options.max_evaluations = 3000;
    options.max_steps = 1000000;
    const auto starved = odeint(problem.term, problem.y0, problem.times, options);
    CHECK(starved.status == OdeStatus::max_evaluations_reached);
    CHECK(starved.statistics.evaluations <= 3000);
    options.max_steps = 20;
    CHECK(odeint(problem.term, problem.y0, problem.times, options).status == OdeStatus::max_steps_reached);
    const auto nan = [](const Tensor&, const State& y) -> State { return {1 + sqrt(1 - y[0])}; };
    const auto lost = odeint(nan, start({0.5}), {0, 5}, {.method = method, .implicit = {.corrector = "newton"}});
    INFO(lost.message);
    CHECK(lost.status != OdeStatus::success);
    CHECK(lost.status != OdeStatus::max_steps_reached);
    // The quadrature is not part of the equations, which are still solved.
    const auto late = [](const Tensor& t, const State& y) -> State { return {-y[0], sqrt(1 - t) * y[0]}; };
    const auto half = odeint(late, {scalar(1, DType::float64), scalar(0, DType::float64)}, {0, 3},
                             {.method = method, .quadratures = {false, true}, .implicit = {.corrector = "newton"}});
    CHECK(half.status == OdeStatus::non_finite);
    CHECK(half.grid.back() == Approx(1).margin(0.01));
    const auto blow_up = [](const Tensor&, const State& y) -> State { return {square(y[0])}; };
    const auto gone = odeint(blow_up, start({1}), {0, 2}, {.method = method, .implicit = {.corrector = "newton"}});
    INFO(gone.message);
    CHECK(gone.status != OdeStatus::success);
    CHECK(gone.grid.back() == Approx(1).margin(1e-2));
  }
}

TEST_CASE("A linear system that GMRES does not solve gives no update of Newton's iteration") {
  // (I − h c S) x = b with a cyclic shift S: the residual does not fall before as many iterations as unknowns.
  const int64_t n = 200;
  const VectorField f = [&](const Tensor&, const State& y) -> State {
    return {1e4 * concat({slice(y[0], -1, n - 1, n), slice(y[0], -1, 0, n - 1)}, -1)};
  };
  const Tensor y = zeros({n}, DType::float64);
  std::vector<double> first(n, 0);
  first[0] = 1;
  const auto system = std::make_shared<ode::System>(
      f, State{y}, OdeOptions{.method = "bdf", .implicit = {.corrector = "newton_krylov"}});
  ode::Linearization linearization(system, true);
  linearization.refresh(0, {y});
  ode::StageMatrix matrix(system, {{1}});
  const NoGrad guard;
  const Tensor one = ones_like(y), right = tensor(first, DType::float64);
  CHECK(matrix.solve(linearization, 1, {right}, one, 1e-8).empty());
  const ode::Stages solved = matrix.solve(linearization, 1e-6, {right}, one, 1e-8);
  REQUIRE(solved.size() == 1);
  CHECK(solved[0].values()[1] == Approx(1e-2).epsilon(1e-6));
}

}  // namespace dimwise::ode_implicit_stiff_tests
