// Gradients of the solver: through its steps, by the adjoint, by finite differences, and from stored sensitivities.

#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/dimwise.hpp"
#include "autodiff/node.hpp"
#include "autodiff/transforms.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_gradient_tests {

using namespace dimwise::problems;
using Catch::Matchers::Contains;

namespace {

const std::vector<double> prey{1.5, 1, 3, 1};

OdeOptions with(OdeGradient gradient, double tolerance) {
  return {.rtol = tolerance, .atol = tolerance, .gradient = gradient};
}

// The largest difference of two gradients, relative to the larger.
double difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, relative_error(a[i], b[i].values()));
  return worst;
}

// A small HollowNet: h_i of the other x_j, f_i = tanh(c x_i + h_i) cos t.
struct Hollow {
  Tensor w, c, t;

  Tensor conditioner(const Tensor& x) const {
    const int64_t d = x.dim(-1);
    return unsqueeze(matmul(x, w * (1 - eye(d, x.dtype()))), -1);
  }
  Tensor transformer(const Tensor& x, const Tensor& h) const { return tanh(c * x + squeeze(h, -1)) * cos(t); }
};

// (x, log p, ∫ |f|²): a flow with its density and a penalty.
VectorField flow(const Tensor& w, const Tensor& c) {
  return [=](const Tensor& t, const State& s) -> State {
    const auto d = dimwise::dimwise(Hollow{w, c, t}, s[0], 1);
    return {d[0], -sum(d[1], {-1}), sum(square(d[0]), {-1})};
  };
}

}  // namespace

TEST_CASE("The direct gradient is that of the discrete solution, to the second order") {
  const Tensor y0 = tensor({1, 1}, DType::float64), p = tensor(prey, DType::float64);
  for (const double end : {1.0, -0.5}) {
    const std::vector<double> times{0, 0.3 * end, end};
    OdeOptions options{.rtol = 1e-4, .atol = 1e-4};
    options.replay.grid = odeint(lotka_volterra(p), {y0}, times, options).grid;
    const auto loss = [&](const std::vector<Tensor>& in) {
      const auto s = odeint(lotka_volterra(in[1]), {in[0]}, times, options);
      return sum(s.y[1][0]) + sum(square(s.y[2][0]));
    };
    CHECK_NOTHROW(check_grads(loss, {y0, p}, {.order = 1, .tolerance = 1e-6}));
    CHECK_NOTHROW(check_grads(loss, {y0, p}, {.order = 2, .tolerance = 1e-5}));
  }
}

TEST_CASE("The direct gradient of every fixed-step method agrees with finite differences") {
  for (const char* method : {"euler", "heun", "rk4"}) {
    const auto loss = [&](const std::vector<Tensor>& in) {
      return sum(odeint(cubic_spiral(in[1]), {in[0]}, {0, 0.5}, {.method = method, .steps = 6}).y[1][0]);
    };
    CHECK_NOTHROW(
        check_grads(loss, {tensor({1, 0.4}, DType::float64), tensor({-0.1, 2, -2, -0.1}, DType::float64)}, {}));
  }
}

TEST_CASE("An end time gets its gradient through a scaled time") {
  const auto end = [](const std::vector<Tensor>& in) {
    const VectorField f = [&](const Tensor& s, const State& y) -> State { return {in[0] * y[0] * cos(in[0] * s)}; };
    return odeint(f, {scalar(2, DType::float64)}, {0, 1}, {.method = "rk4", .steps = 20}).y[1][0];
  };
  const Tensor t = track(scalar(0.8, DType::float64));
  CHECK(grad(end({t}), t).item() == Approx(2 * std::exp(std::sin(0.8)) * std::cos(0.8)).epsilon(1e-6));
}

TEST_CASE("Both gradients agree with the stored sensitivities") {
  const nlohmann::json json = references("ivp_reference.json");
  const Tensor spiral = tensor({-0.1, 2, -2, -0.1}, DType::float64);
  for (const auto& [name, times] :
       {std::pair{"lotka_volterra", std::vector<double>{1}}, std::pair{"cubic_spiral", std::vector<double>{1, 5}}})
    for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::adjoint}) {
      const auto& stored = json["sensitivities"][name];
      for (const auto& result : stored["results"]) {
        const double t = result["t"];
        if (std::find(times.begin(), times.end(), t) == times.end()) continue;
        const bool lv = std::string(name) == "lotka_volterra";
        const Tensor p = track(lv ? tensor(prey, DType::float64) : spiral);
        const Tensor y0 = track(tensor(stored["y0"].get<std::vector<double>>(), DType::float64));
        const auto s = odeint(lv ? lotka_volterra(p) : cubic_spiral(p), {y0}, {0, t}, with(gradient, 1e-10));
        for (size_t i = 0; i < 2; ++i) {
          const auto g = grad(at(s.y[1][0], static_cast<int64_t>(i)), {y0, p});
          INFO(name << " at " << t << (gradient == OdeGradient::direct ? " direct" : " adjoint"));
          CHECK(relative_error(g[0], result["dy_dy0"][i].get<std::vector<double>>()) < 1e-7);
          CHECK(relative_error(g[1], result["dy_dp"][i].get<std::vector<double>>()) < 1e-7);
        }
      }
    }
}

TEST_CASE("The adjoint agrees with the direct gradient to ten times the tolerance") {
  for (const double tolerance : {1e-4, 1e-6, 1e-9})
    for (const bool backwards : {false, true}) {
      const std::vector<double> times =
          backwards ? std::vector<double>{1, 0.8, 0.3, 0} : std::vector<double>{0, 0.2, 0.7, 1};
      std::vector<std::vector<Tensor>> g;
      for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::adjoint}) {
        const Tensor y0 = track(tensor({1, 1.2}, DType::float64)), p = track(tensor(prey, DType::float64));
        const auto s = odeint(lotka_volterra(p), {y0}, times, with(gradient, tolerance));
        Tensor loss = sum(s.y[0][0]);
        for (size_t i = 1; i < times.size(); ++i) loss = loss + static_cast<double>(i) * sum(square(s.y[i][0]));
        g.push_back(grad(loss, {y0, p}));
      }
      INFO("tolerance " << tolerance << ": " << difference(g[1], g[0]) / tolerance << " times");
      CHECK(difference(g[1], g[0]) < 10 * tolerance);
    }
}

TEST_CASE("The adjoint differentiates dynamics that call dimwise, and several state tensors") {
  const DiagonalCheck checked;
  const Rng rng(3);
  const double tolerance = 1e-8;
  std::vector<std::vector<Tensor>> g;
  for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::adjoint}) {
    const Tensor x = track(rng.split("x").normal({5, 3}, DType::float64));
    const Tensor w = track(rng.split("w").normal({3, 3}, DType::float64));
    const Tensor c = track(scalar(0.7, DType::float64));
    const Tensor zero = zeros({5}, DType::float64);
    const auto s = value_or_throw(odeint(flow(w, c), {x, zero, zero}, {0, 1}, with(gradient, tolerance)));
    const State& y = s.y.back();
    g.push_back(grad(sum(square(y[0])) + sum(y[1]) + 0.1 * sum(y[2]), {x, w, c}));
    for (const Tensor& each : g.back()) CHECK(sum(square(each)).item() > 1e-4);
  }
  CHECK(difference(g[1], g[0]) < 10 * tolerance);
}

TEST_CASE("The adjoint of fixed steps uses the same steps, and optionally a separate method and tolerances") {
  const Tensor y0 = track(tensor({2, 0}, DType::float64)), p = track(tensor({-0.1, 2, -2, -0.1}, DType::float64));
  const auto gradient = [&](const OdeOptions& options) {
    const auto s = odeint(cubic_spiral(p), {y0}, {0, 0.5, 1}, options);
    auto g = grad(sum(s.y[1][0]) + sum(s.y[2][0]), {y0, p});
    return std::pair{g, s};
  };
  const auto exact = gradient({.rtol = 1e-11, .atol = 1e-11}).first;
  const auto [g, s] = gradient({.method = "rk4", .steps = 100, .gradient = OdeGradient::adjoint});
  CHECK(difference(g, exact) < 1e-5);
  CHECK(s.adjoint->accepted == 200);
  CHECK(s.adjoint->evaluations == 800);
  const auto mixed =
      gradient({.method = "rk4", .steps = 400, .gradient = OdeGradient::adjoint, .adjoint = {.method = "euler"}});
  CHECK(mixed.second.adjoint->evaluations == 800);
  const auto loose =
      gradient({.rtol = 1e-9, .atol = 1e-9, .gradient = OdeGradient::adjoint, .adjoint = {.rtol = 1e-4, .atol = 1e-4}});
  const auto tight = gradient({.rtol = 1e-9, .atol = 1e-9, .gradient = OdeGradient::adjoint});
  CHECK(loose.second.adjoint->accepted < tight.second.adjoint->accepted / 2);
  CHECK(difference(loose.first, exact) < 1e-3);
  CHECK(difference(tight.first, exact) < 1e-7);
}

TEST_CASE("The adjoint wastes no evaluation, forwards or backwards") {
  const Tensor y0 = track(tensor({1, 1}, DType::float64)), p = track(tensor(prey, DType::float64));
  int64_t count = 0;
  const auto f = lotka_volterra(p);
  const VectorField counted = [&](const Tensor& t, const State& y) {
    ++count;
    return f(t, y);
  };
  const auto s = odeint(counted, {y0}, {0, 1}, {.gradient = OdeGradient::adjoint});
  CHECK(count == s.statistics.evaluations);
  CHECK(count == 6 * (s.statistics.accepted + s.statistics.rejected) + 2);
  CHECK(s.adjoint->evaluations == 0);
  count = 0;
  grad(sum(s.y[1][0]), {y0, p});
  CHECK(count == s.adjoint->evaluations);
  CHECK(count == 6 * (s.adjoint->accepted + s.adjoint->rejected) + 2);
}

TEST_CASE("The adjoint is only once differentiable, and reports it") {
  const Tensor y0 = track(tensor({1, 1}, DType::float64)), p = track(tensor(prey, DType::float64));
  const auto end = [&](const Tensor& y) {
    return odeint(lotka_volterra(p), {y}, {0, 1}, {.gradient = OdeGradient::adjoint}).y[1][0];
  };
  const Tensor g = grad(sum(end(y0)), y0);
  CHECK_THROWS_WITH(grad(sum(g), p), Contains("[odeint_adjoint]") && Contains("OdeGradient::direct"));
  CHECK_THROWS_WITH(jvp(end, y0, ones_like(y0)), Contains("odeint_adjoint"));
  CHECK_THROWS_AS(hvp([&](const Tensor& y) { return sum(end(y)); }, y0, ones_like(y0)), ValueError);
}

TEST_CASE("A gradient that the adjoint would drop is an error") {
  const Tensor a = track(scalar(1, DType::float64)), b = track(scalar(2, DType::float64));
  const VectorField switching = [&](const Tensor& t, const State& y) -> State {
    return {(t.item() < 0.5 ? a : b) * y[0]};
  };
  const auto s = odeint(switching, {scalar(1, DType::float64)}, {0, 1}, {.gradient = OdeGradient::adjoint});
  CHECK_THROWS_WITH(grad(s.y[1][0], a), Contains("did not capture at times[0]"));
  // A parameter that enters first after the start, with and without one that is captured from the start.
  for (const OdeGradient gradient : {OdeGradient::adjoint, OdeGradient::backsolve})
    for (const bool other : {false, true}) {
      INFO("gradient " << static_cast<int>(gradient) << ", other " << other);
      const Tensor y0 = track(scalar(1, DType::float64));
      const VectorField late = [&](const Tensor& t, const State& y) -> State {
        const Tensor k = other ? a * y[0] : y[0];
        return {t.item() < 0.5 ? k : b * k};
      };
      const auto z = odeint(late, {y0}, {0, 1}, {.gradient = gradient});
      CHECK_THROWS_WITH(grad(z.y[1][0], y0), Contains("did not capture at times[0]"));
      const VectorField known = [&](const Tensor&, const State& y) -> State { return {other ? a * y[0] : y[0]}; };
      CHECK(grad(odeint(known, {y0}, {0, 1}, {.gradient = gradient}).y[1][0], y0).item() ==
            Approx(std::exp(1)).epsilon(1e-4));
      // Without a tracked y0, too.
      const State start{scalar(1, DType::float64)};
      if (other) {
        const auto untracked = odeint(late, start, {0, 1}, {.gradient = gradient});
        CHECK_THROWS_WITH(grad(untracked.y[1][0], a), Contains("did not capture at times[0]"));
      } else {
        for (const char* method : {"dopri5", "bdf", "adams", "radau5"})
          CHECK_THROWS_WITH(odeint(late, start, {0, 1}, {.method = method, .gradient = gradient}),
                            Contains("did not capture at times[0]"));
      }
    }
}

TEST_CASE("The adjoint is solved to the tolerances of each component") {
  const Tensor rates = tensor({1, 3}, DType::float64), y0 = track(tensor({1, 2}, DType::float64));
  const VectorField f = [&](const Tensor& t, const State& y) -> State { return {-rates * (1 + sin(5 * t)) * y[0]}; };
  const auto error = [&](OdeGradient gradient, OdeAdjointOptions own) {
    const Tensor fine = full({2}, 1e-11, DType::float64);
    const OdeOptions options{.rtols = {fine}, .atols = {fine}, .gradient = gradient, .adjoint = std::move(own)};
    const Tensor g = grad(sum(value_or_throw(odeint(f, {y0}, {0, 2}, options)).y[1][0]), y0);
    const Tensor exact = exp(-rates * (2 + (1 - std::cos(10)) / 5));
    return max(abs(g / exact - 1)).item();
  };
  for (const OdeGradient gradient : {OdeGradient::adjoint, OdeGradient::backsolve}) CHECK(error(gradient, {}) < 1e-8);
  CHECK(error(OdeGradient::adjoint, {.rtol = 1e-3, .atol = 1e-3}) > 1e-6);
}

TEST_CASE("The adjoint computes only requested gradients, and records nothing if nothing is tracked") {
  const Tensor p = track(tensor(prey, DType::float64)), constant = stop_gradient(p);
  const Tensor y0 = track(tensor({1, 1}, DType::float64));
  const OdeOptions adjoint{.gradient = OdeGradient::adjoint};
  const auto only_p = odeint(lotka_volterra(p), {stop_gradient(y0)}, {0, 1}, adjoint);
  const auto only_y = odeint(lotka_volterra(constant), {y0}, {0, 1}, adjoint);
  const auto both = odeint(lotka_volterra(p), {y0}, {0, 1}, adjoint);
  const auto g = grad(sum(both.y[1][0]), {y0, p});
  CHECK(grad(sum(only_p.y[1][0]), p).values() == g[1].values());
  CHECK(grad(sum(only_y.y[1][0]), y0).values() == g[0].values());
  CHECK(grad(sum(both.y[1][0]), y0).values() == g[0].values());
  CHECK_FALSE(odeint(lotka_volterra(constant), {stop_gradient(y0)}, {0, 1}, adjoint).y[1][0].tracked());
  const NoGrad guard;
  CHECK_FALSE(odeint(lotka_volterra(p), {y0}, {0, 1}, adjoint).y[1][0].tracked());
}

TEST_CASE("A failed adjoint solve throws, a failed forward solve does not") {
  const Tensor y0 = track(scalar(1, DType::float64));
  const VectorField blow_up = [](const Tensor&, const State& y) -> State { return {y[0] * y[0]}; };
  const auto s = odeint(blow_up, {y0}, {0, 0.5, 2}, {.gradient = OdeGradient::adjoint});
  CHECK(s.status != OdeStatus::success);
  REQUIRE(s.y.size() == 2);
  CHECK(grad(s.y[1][0], y0).item() == Approx(4).epsilon(1e-4));  // y = y0 / (1 − y0 t)
  const auto few =
      odeint(blow_up, {y0}, {0, 0.9},
             {.max_steps = 30, .gradient = OdeGradient::adjoint, .adjoint = {.rtol = 1e-13, .atol = 1e-13}});
  REQUIRE(few.status == OdeStatus::success);
  CHECK_THROWS_AS(grad(few.y[1][0], y0), SolverError);
}

TEST_CASE("Gradients of float32 solves equal those of float64 within float32's accuracy, and no node leaks") {
  const int64_t before = live_nodes();
  {
    std::vector<std::vector<Tensor>> g;
    for (const DType dtype : {DType::float64, DType::float32})
      for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::adjoint}) {
        const Tensor y0 = track(tensor({1, 1}, dtype)), p = track(tensor(prey, dtype));
        const auto s = value_or_throw(odeint(lotka_volterra(p), {y0}, {0, 0.5, 1}, with(gradient, 1e-5)));
        g.push_back(grad(sum(s.y[1][0]) + sum(s.y[2][0]), {y0, p}));
      }
    for (const auto& each : g) CHECK(difference(each, g[0]) < 1e-4);
  }
  CHECK(live_nodes() == before);
}

}  // namespace dimwise::ode_gradient_tests
