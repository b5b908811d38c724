// Gradients through implicit Runge–Kutta steps are those of the discrete solution, and agree with stored sensitivities.

#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/ode/problems/problems.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_implicit_gradient_tests {

using namespace dimwise::problems;

namespace {

const std::vector<std::string> methods{"kvaerno3", "kencarp3", "kencarp4", "kencarp5", "radau5"};

// Robertson's reactions with rates (k1, k2, k3).
VectorField robertson(const Tensor& k) {
  return [k](const Tensor&, const State& s) -> State {
    const Tensor y1 = at(s[0], 0), y2 = at(s[0], 1), y3 = at(s[0], 2);
    const Tensor r1 = at(k, 0) * y1, r2 = at(k, 1) * square(y2), r3 = at(k, 2) * y2 * y3;
    return {vec({r3 - r1, r1 - r3 - r2, r2})};
  };
}

}  // namespace

TEST_CASE("The direct gradient of implicit steps agrees with finite differences on a replayed grid") {
  const Tensor y0 = tensor({1, 1}, DType::float64), p = tensor({1.5, 1, 3, 1}, DType::float64);
  for (const std::string& method : methods)
    for (const double end : {1.0, -0.5}) {
      const std::vector<double> times{0, 0.3 * end, end};
      OdeOptions options{.method = method, .rtol = 1e-4, .atol = 1e-4, .implicit = {.tolerance = 1e-8}};
      options.replay.grid = odeint(lotka_volterra(p), {y0}, times, options).grid;
      const auto loss = [&](const std::vector<Tensor>& in) {
        const auto s = odeint(lotka_volterra(in[1]), {in[0]}, times, options);
        REQUIRE(s.status == OdeStatus::success);
        return sum(s.y[1][0]) + sum(square(s.y[2][0]));
      };
      INFO(method << " to " << end);
      CHECK_NOTHROW(check_grads(loss, {y0, p}, {.order = 1, .tolerance = 1e-6}));
    }
}

TEST_CASE("The direct gradient reaches quadratures and several state tensors") {
  const auto term = [](const Tensor& c) {
    return [c](const Tensor& t, const State& y) -> State {
      return {-20 * (y[0] - c * cos(t)), y[0] * c - y[1], square(y[0]) + c * y[1]};
    };
  };
  const Tensor c = scalar(1.2, DType::float64), x0 = tensor({0.3}, DType::float64);
  for (const std::string& method : methods) {
    OdeOptions options{.method = method,
                       .rtol = 1e-3,
                       .atol = 1e-3,
                       .quadratures = {false, false, true},
                       .implicit = {.tolerance = 1e-7}};
    const auto state = [](const Tensor& x) { return State{x, ones_like(x), zeros_like(x)}; };
    options.replay.grid = odeint(term(c), state(x0), {0, 0.8}, options).grid;
    const auto loss = [&](const std::vector<Tensor>& in) {
      const auto s = odeint(term(in[0]), state(in[1]), {0, 0.5, 0.8}, options);
      return sum(s.y[2][2]) + sum(square(s.y[2][1])) + sum(s.y[1][2] * s.y[1][0]);
    };
    INFO(method);
    CHECK_NOTHROW(check_grads(loss, {c, x0}, {.order = 1, .tolerance = 1e-6}));
  }
}

TEST_CASE("The gradient exists with any corrector, and does not change the solution") {
  const Tensor p = tensor({0.04, 3e7, 1e4}, DType::float64);
  for (const std::string& method : methods)
    for (const char* corrector : {"newton", "newton_krylov"}) {
      const OdeOptions options{.method = method, .rtol = 1e-7, .atol = 1e-12, .implicit = {.corrector = corrector}};
      const State y0 = start({1, 0, 0});
      const auto plain = odeint(robertson(p), y0, {0, 1}, options);
      const Tensor k = track(p);
      const auto recorded = odeint(robertson(k), y0, {0, 1}, options);
      INFO(method << ' ' << corrector);
      CHECK(relative_error(recorded.y[1][0], plain.y[1][0].values()) < 1e-14);
      CHECK(recorded.grid == plain.grid);
      CHECK(grad(at(recorded.y[1][0], 2), k).values()[0] > 0);
      CHECK(!plain.y[1][0].tracked());
    }
}

TEST_CASE("Gradients through the steps and by the adjoint agree with stored sensitivities") {
  const nlohmann::json json = references("ivp_reference.json");
  const auto& stored = json["sensitivities"]["lotka_volterra"];
  const auto& result = stored["results"][0];
  const double t = result["t"];
  for (const std::string& method : methods)
    for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::adjoint}) {
      const Tensor p = track(tensor({1.5, 1, 3, 1}, DType::float64));
      const Tensor y0 = track(tensor(stored["y0"].get<std::vector<double>>(), DType::float64));
      const auto s = odeint(lotka_volterra(p), {y0}, {0, t},
                            {.method = method, .rtol = 1e-9, .atol = 1e-9, .max_steps = 100000, .gradient = gradient});
      REQUIRE(s.status == OdeStatus::success);
      for (size_t i = 0; i < 2; ++i) {
        const auto g = grad(at(s.y[1][0], static_cast<int64_t>(i)), {y0, p});
        INFO(method << (gradient == OdeGradient::direct ? " direct" : " adjoint"));
        CHECK(relative_error(g[0], result["dy_dy0"][i].get<std::vector<double>>()) < 1e-6);
        CHECK(relative_error(g[1], result["dy_dp"][i].get<std::vector<double>>()) < 1e-6);
      }
    }
}

TEST_CASE("On stiff problems, the gradients of all methods and of the adjoint agree") {
  const auto gradient = [](const std::string& method, OdeGradient how) {
    const Tensor k = track(tensor({0.04, 3e7, 1e4}, DType::float64));
    const auto s = odeint(robertson(k), start({1, 0, 0}), {0, 40},
                          {.method = method, .rtol = 1e-7, .atol = 1e-12, .max_steps = 100000, .gradient = how});
    REQUIRE(s.status == OdeStatus::success);
    return grad(at(s.y[1][0], 0), k).values();
  };
  const std::vector<double> expected = gradient("radau5", OdeGradient::direct);
  for (const std::string& method : methods)
    for (const OdeGradient how : {OdeGradient::direct, OdeGradient::adjoint}) {
      const std::vector<double> found = gradient(method, how);
      INFO(method << (how == OdeGradient::direct ? " direct" : " adjoint"));
      for (size_t j = 0; j < 3; ++j) CHECK(found[j] == Approx(expected[j]).epsilon(1e-4));
    }
}

TEST_CASE("Gradients through 200 unknowns with a dominant diagonal need no matrix") {
  const OdeProblem problem = ode_problem("diagonally-dominant");
  const auto gradient = [&](const std::string& method, const char* corrector) {
    const Tensor y0 = track(problem.y0[0]);
    const OdeOptions options = tolerances(problem, 1e-6, {.method = method, .implicit = {.corrector = corrector}});
    const auto s = odeint(problem.term, {y0}, {problem.times.front(), problem.times.back()}, options);
    REQUIRE(s.status == OdeStatus::success);
    CHECK(s.statistics.jacobians == 0);
    return grad(sum(s.y.back()[0]), y0);
  };
  const std::vector<double> expected = gradient("radau5", "newton_krylov").values();
  for (const char* method : {"bdf", "kencarp4", "radau5"}) {
    INFO(method);
    CHECK(relative_error(gradient(method, "jacobi_newton"), expected) < 1e-3);
  }
}

}  // namespace dimwise::ode_implicit_gradient_tests
