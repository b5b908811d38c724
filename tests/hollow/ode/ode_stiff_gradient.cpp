// Gradients of implicit methods, and the methods that save memory: checkpoints, adjoints, backsolve.

#include <map>

#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/node.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/flow/cnf.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/net/nets.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_stiff_gradient_tests {

using namespace dimwise::problems;
using Catch::Matchers::Contains;

namespace {

OdeTerm van_der_pol(const Tensor& mu) {
  const auto f = [mu](const Tensor&, const State& s) -> State {
    const Tensor x = at(s[0], 0), v = at(s[0], 1);
    return {vec({v, mu * (1 - x * x) * v - x})};
  };
  return {f, [f, mu](const Tensor& t, const State& s) -> ValueAndDiagonal {
            const Tensor x = at(s[0], 0);
            return {f(t, s), {vec({zeros_like(x), mu * (1 - x * x)})}};
          }};
}

OdeTerm robertson(const Tensor& k) {
  const auto f = [k](const Tensor&, const State& s) -> State {
    const Tensor a = at(s[0], 0), b = at(s[0], 1), c = at(s[0], 2);
    const Tensor first = at(k, 2) * b * c - at(k, 0) * a, third = at(k, 1) * b * b;
    return {vec({first, -first - third, third})};
  };
  return {f, [f, k](const Tensor& t, const State& s) -> ValueAndDiagonal {
            const Tensor b = at(s[0], 1), c = at(s[0], 2);
            return {f(t, s), {vec({zeros_like(b) - at(k, 0), -(at(k, 2) * c) - 2 * at(k, 1) * b, zeros_like(b)})}};
          }};
}

std::vector<std::string> implicit_methods() {
  std::vector<std::string> names;
  for (const std::string& name : ode_method_names())
    if (is_implicit(name)) names.push_back(name);
  return names;
}

double difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, relative_error(a[i], b[i].values()));
  return worst;
}

}  // namespace

TEST_CASE("The direct gradient of every implicit method is that of its discrete solution") {
  const Tensor y0 = tensor({2, 0.3}, DType::float64), mu = scalar(30, DType::float64);
  for (const std::string& method : implicit_methods())
    for (const char* corrector : {"jacobi_newton", "newton"}) {
      INFO(method << " with " << corrector);
      const std::vector<double> times{0, 0.3, 1};
      OdeOptions options{
          .method = method, .rtol = 1e-4, .atol = 1e-5, .implicit = {.corrector = corrector, .tolerance = 1e-9}};
      const auto first = value_or_throw(odeint(van_der_pol(mu), {y0}, times, options));
      options.replay = {first.grid, first.orders};
      const auto loss = [&](const std::vector<Tensor>& in) {
        const auto s = value_or_throw(odeint(van_der_pol(in[1]), {in[0]}, times, options));
        return sum(s.y[1][0]) + sum(square(s.y[2][0]));
      };
      CHECK_NOTHROW(check_grads(loss, {y0, mu}, {.order = 1, .tolerance = 1e-6}));
    }
}

TEST_CASE("Direct, checkpointed and adjoint gradients of all implicit methods agree on stiff problems") {
  struct Case {
    const char* name;
    std::function<OdeTerm(const Tensor&)> term;
    std::vector<double> y0, p;
    double t, atol;
  };
  const Case cases[] = {{"van der Pol", van_der_pol, {2, 0}, {50}, 1.5, 1e-9},
                        {"Robertson", robertson, {1, 0, 0}, {0.04, 3e7, 1e4}, 40, 1e-13}};
  for (const Case& problem : cases) {
    // The gradient with respect to y0 and to the logarithm of each parameter.
    const auto gradients = [&](const std::string& method, OdeGradient gradient, double rtol) {
      const Tensor y0 = track(tensor(problem.y0, DType::float64)),
                   scale = track(ones({static_cast<int64_t>(problem.p.size())}, DType::float64));
      Tensor p = tensor(problem.p, DType::float64) * scale;
      if (p.size() == 1) p = reshape(p, {});
      const auto s =
          value_or_throw(odeint(problem.term(p), {y0}, {0, problem.t},
                                {.method = method,
                                 .rtol = rtol,
                                 .atol = problem.atol * rtol / 1e-7,
                                 .max_steps = 100000,
                                 .gradient = gradient,
                                 .adjoint = {.atol = 1e-3 * rtol, .controls_parameters = method == "kencarp5"}}));
      return grad(at(s.y[1][0], 0), {y0, scale});
    };
    const auto reference = gradients("radau5", OdeGradient::direct, 1e-10);
    for (const std::string& method : implicit_methods()) {
      if (std::string(problem.name) == "Robertson" && method == "adams") continue;
      for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::checkpointed, OdeGradient::adjoint}) {
        const double off = difference(gradients(method, gradient, 1e-7), reference);
        INFO(problem.name << " by " << method
                          << (gradient == OdeGradient::direct    ? ", direct"
                              : gradient == OdeGradient::adjoint ? ", adjoint"
                                                                 : ", checkpointed")
                          << ": " << off);
        CHECK(off < 1e-4);
      }
    }
  }
}

TEST_CASE("Gradients of implicit methods agree with the stored sensitivities") {
  const nlohmann::json json = references("ivp_reference.json");
  for (const auto& [name, p0] : {std::pair{"lotka_volterra", std::vector<double>{1.5, 1, 3, 1}},
                                 std::pair{"cubic_spiral", std::vector<double>{-0.1, 2, -2, -0.1}}}) {
    const auto& stored = json["sensitivities"][name];
    const auto& result = stored["results"][0];
    for (const std::string& method : implicit_methods())
      for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::adjoint}) {
        const double tolerance =
            method == "kvaerno3" || method == "kencarp3" ? 1e-8 : 1e-10;  // a low order needs many steps
        const Tensor p = track(tensor(p0, DType::float64)),
                     y0 = track(tensor(stored["y0"].get<std::vector<double>>(), DType::float64));
        const auto s = value_or_throw(odeint(
            std::string(name) == "lotka_volterra" ? lotka_volterra(p) : cubic_spiral(p), {y0}, {0, result["t"]},
            {.method = method, .rtol = tolerance, .atol = tolerance, .max_steps = 100000, .gradient = gradient}));
        for (size_t i = 0; i < 2; ++i) {
          const auto g = grad(at(s.y[1][0], static_cast<int64_t>(i)), {y0, p});
          INFO(name << " by " << method);
          CHECK(relative_error(g[0], result["dy_dy0"][i].get<std::vector<double>>()) < 1e-5);
          CHECK(relative_error(g[1], result["dy_dp"][i].get<std::vector<double>>()) < 1e-5);
        }
      }
  }
}

TEST_CASE("The checkpointed gradient equals the direct one, with memory that grows as the square root of the steps") {
  for (const char* method : {"euler", "rk4", "dopri5", "abm", "adams", "bdf", "radau5", "kencarp5"}) {
    INFO(method);
    std::vector<std::vector<Tensor>> gradients;
    std::vector<std::vector<double>> values;
    for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::checkpointed}) {
      const Tensor y0 = track(tensor({2, 0.3}, DType::float64)), mu = track(scalar(3, DType::float64));
      const auto s = value_or_throw(odeint(van_der_pol(mu), {y0}, {0, 0.5, 1.1, 2},
                                           {.method = method,
                                            .rtol = 1e-5,
                                            .atol = 1e-5,
                                            .dt = is_adaptive(method) ? 0 : 0.05,
                                            .implicit = {.tolerance = 1e-8},
                                            .gradient = gradient}));
      Tensor loss = scalar(0, DType::float64);
      for (const State& y : s.y) loss = loss + sum(square(y[0]));
      for (const State& y : s.y) values.push_back(y[0].values());
      gradients.push_back(grad(loss, {y0, mu}));
    }
    for (size_t i = 0; i < 4; ++i) CHECK(values[i] == values[4 + i]);
    CHECK(difference(gradients[1], gradients[0]) < (is_implicit(method) ? 1e-8 : 1e-14));
  }
  const auto nodes = [](OdeGradient gradient, double dt) {
    const Tensor y0 = track(tensor({2, 0.3}, DType::float64));
    const int64_t before = live_nodes();
    const auto s = value_or_throw(odeint(van_der_pol(scalar(3, DType::float64)), {y0}, {0, 1},
                                         {.method = "rk4", .dt = dt, .gradient = gradient}));
    return static_cast<double>(live_nodes() - before);
  };
  CHECK(nodes(OdeGradient::direct, 1.0 / 1600) / nodes(OdeGradient::direct, 1.0 / 100) > 14);
  CHECK(nodes(OdeGradient::checkpointed, 1.0 / 1600) / nodes(OdeGradient::checkpointed, 1.0 / 100) < 5);
  CHECK(nodes(OdeGradient::checkpointed, 1.0 / 1600) * 20 < nodes(OdeGradient::direct, 1.0 / 1600));
  for (const char* method : {"bdf", "radau5", "kencarp5"}) {
    const auto alive = [&](double end) {
      const Tensor y0 = track(tensor({2, 0.3}, DType::float64));
      const int64_t before = live_nodes();
      const auto s = value_or_throw(odeint(van_der_pol(scalar(3, DType::float64)), {y0}, {0, end},
                                           {.method = method, .dt_max = 0.005, .gradient = OdeGradient::checkpointed}));
      return std::pair{static_cast<double>(live_nodes() - before), static_cast<double>(s.statistics.accepted)};
    };
    const auto few = alive(0.2), many = alive(3.2);
    INFO(method << ": " << few.first << " nodes for " << few.second << " steps, " << many.first << " for "
                << many.second);
    CHECK(many.first / few.first < 1.3 * std::sqrt(many.second / few.second));
  }
}

TEST_CASE("The adjoint of a flow by Jacobi-Newton agrees with the explicit one") {
  const Rng rng(5);
  const HollowNet net{MaskedConditioner({.d = 3, .d_h = 4, .time = true, .dtype = DType::float64}, rng.split("c")),
                      SharedTransformer({.d = 3, .d_h = 4, .time = true, .dtype = DType::float64}, rng.split("t"))};
  const Tensor x = rng.split("x").normal({6, 3}, DType::float64);
  std::vector<std::vector<Tensor>> gradients;
  std::vector<double> losses;
  for (const auto& [method, corrector] : {std::pair{"dopri5", ""},
                                          {"adams", "functional"},
                                          {"adams", "jacobi_newton"},
                                          {"bdf", "jacobi_newton"},
                                          {"bdf", "newton"},
                                          {"bdf", "newton_krylov"},
                                          {"radau5", "jacobi_newton"}}) {
    FlowOptions options;
    options.ode = {.method = method,
                   .rtol = 1e-8,
                   .atol = 1e-8,
                   .implicit = {.corrector = *corrector ? corrector : "automatic"},
                   .gradient = OdeGradient::adjoint};
    const Cnf flow{std::vector{net}};
    const auto [loss, g] = value_and_grad([&](const auto& m) { return -mean(m.log_prob(x, {}, options)); }, flow);
    losses.push_back(loss.item());
    gradients.push_back(parameters(g));
    INFO(method << ' ' << corrector);
    CHECK(losses.back() == Approx(losses.front()).epsilon(1e-6));
    CHECK(difference(gradients.back(), gradients.front()) < 1e-5);
  }
}

TEST_CASE(
    "The adjoint uses the forward problem's diagonal: it needs no more evaluations than with the whole Jacobian") {
  const int64_t d = 12;
  std::vector<double> rates;
  for (int64_t i = 0; i < d; ++i) rates.push_back(std::pow(10, 4.0 * static_cast<double>(i) / (d - 1)));
  const Tensor rate = tensor(rates, DType::float64);
  std::map<std::string, int64_t> evaluations;
  std::vector<std::vector<Tensor>> gradients;
  for (const char* corrector : {"newton", "jacobi_newton"})
    for (const OdeGradient gradient : {OdeGradient::adjoint, OdeGradient::backsolve}) {
      const Tensor y0 = track(full({d}, 0.5, DType::float64)), c = track(scalar(0.4, DType::float64));
      const auto f = [&](const Tensor& t, const State& s) -> State {
        return {rate * (cos(t) - s[0]) + c * mean(sin(s[0]), {-1}, true)};
      };
      const OdeTerm term(f, [&](const Tensor& t, const State& s) -> ValueAndDiagonal {
        return {f(t, s), {c * cos(s[0]) / static_cast<double>(d) - rate}};
      });
      const double end = gradient == OdeGradient::adjoint ? 2 : 1e-4;  // backsolve must stop before the flow contracts
      const auto s = value_or_throw(odeint(
          term, {y0}, {0, end},
          {.method = "bdf", .rtol = 1e-6, .atol = 1e-8, .implicit = {.corrector = corrector}, .gradient = gradient}));
      gradients.push_back(grad(sum(s.y[1][0]), {y0, c}));
      evaluations[corrector] += s.adjoint->evaluations;
      if (std::string(corrector) == "jacobi_newton") CHECK(s.adjoint->jacobians == 0);
    }
  for (size_t i = 0; i < 2; ++i) CHECK(difference(gradients[i], gradients[i + 2]) < 1e-4);
  INFO(evaluations["jacobi_newton"] << " against " << evaluations["newton"]);
  CHECK(evaluations["jacobi_newton"] < 1.3 * static_cast<double>(evaluations["newton"]));
}

TEST_CASE("Backsolve agrees if the flow is not stiff, and throws if it contracts") {
  const Tensor p = tensor({1.5, 1, 3, 1}, DType::float64);
  std::vector<std::vector<Tensor>> gradients;
  for (const char* method : {"dopri5", "adams", "bdf"})
    for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::backsolve}) {
      const Tensor y0 = track(tensor({1, 1.2}, DType::float64)), q = track(p);
      const auto s = value_or_throw(
          odeint(lotka_volterra(q), {y0}, {0, 0.4, 1},
                 {.method = method, .rtol = 1e-9, .atol = 1e-9, .max_steps = 100000, .gradient = gradient}));
      gradients.push_back(grad(sum(square(s.y[1][0])) + sum(s.y[2][0]), {y0, q}));
      CHECK(difference(gradients.back(), gradients.front()) < 1e-6);
    }
  const VectorField stiff = [](const Tensor& t, const State& y) -> State { return {-200 * (y[0] - cos(t))}; };
  const Tensor y0 = track(tensor({0.3}, DType::float64));
  const auto s = value_or_throw(
      odeint(stiff, {y0}, {0, 1}, {.rtol = 1e-6, .max_steps = 100000, .gradient = OdeGradient::backsolve}));
  CHECK_THROWS_AS(grad(sum(s.y[1][0]), y0), SolverError);
  CHECK_THROWS_WITH(
      odeint(lotka_volterra(p), {y0}, {0, 1},
             {.method = "bdf", .implicit = {.corrector = "newton_krylov"}, .gradient = OdeGradient::backsolve}),
      Contains("backsolve does not support"));
}

}  // namespace dimwise::ode_stiff_gradient_tests
