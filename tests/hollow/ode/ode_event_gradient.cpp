// Gradients of event times, through actions and jumps, and with respect to the times of a solve.
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_event_gradient_tests {

using namespace dimwise::problems;
using Catch::Matchers::Contains;

namespace {

constexpr DType f64 = DType::float64;
const std::vector<std::string> methods{"dopri5", "dopri8", "abm", "bdf", "kencarp4", "radau5"};

const OdeEvent ground{.g = [](const Tensor&, const State& s) { return s[0]; }, .direction = -1};

OdeOptions tight(const std::string& method, OdeGradient gradient) {
  return {.method = method,
          .rtol = 1e-9,
          .atol = 1e-9,
          .max_steps = 100000,
          .gradient = gradient,
          .adjoint = {.controls_parameters = true}};
}

bool close(double found, double expected, double tolerance = 1e-6) {
  return std::abs(found - expected) <= tolerance * (1 + std::abs(expected));
}

VectorField fall(const Tensor& gravity) {
  return [gravity](const Tensor&, const State& s) -> State { return {s[1], -gravity * ones_like(s[1])}; };
}

}  // namespace

TEST_CASE("Time and speed of the impact of a free fall have the derivatives of the closed form") {
  const double h0 = 50, g0 = 9.8;
  for (const std::string& method : methods)
    for (const OdeGradient gradient : all_gradients)
      for (const bool terminal : {true, false}) {
        INFO(method << ' ' << static_cast<int>(gradient) << ' ' << terminal);
        const Tensor h = track(scalar(h0, f64)), g = track(scalar(g0, f64));
        OdeOptions options = tight(method, gradient);
        options.events = {ground};
        options.events[0].terminal = terminal;
        const auto s = value_or_throw(odeint(fall(g), {h, zeros_like(h)}, {0, 2, 4}, options));
        REQUIRE(s.events.size() == 1);
        const OdeEventReached& impact = s.events[0];
        CHECK(close(impact.time.item(), std::sqrt(2 * h0 / g0)));
        CHECK(impact.time.item() == impact.t);
        const auto dt = grad(impact.time, {h, g}), dv = grad(impact.y[1], {h, g}), dy = grad(impact.y[0], {h, g});
        CHECK(close(dt[0].item(), 1 / std::sqrt(2 * g0 * h0)));
        CHECK(close(dt[1].item(), -std::sqrt(h0 / 2) * std::pow(g0, -1.5)));
        CHECK(close(dv[0].item(), -std::sqrt(g0 / (2 * h0))));
        CHECK(close(dv[1].item(), -std::sqrt(h0 / (2 * g0))));
        CHECK(close(dy[0].item(), 0));
        CHECK(close(dy[1].item(), 0));
        if (terminal) CHECK(close(grad(s.y.back()[1], h).item(), -std::sqrt(g0 / (2 * h0))));
        CHECK(close(grad(s.y[1][0], h).item(), 1));
      }
}

TEST_CASE("The impact of a fall with drag has the derivatives of the closed form, parameters of g included") {
  // v' = −g + k v²: y = h − log cosh(√(g k) t) / k, so that y = c at t = acosh(exp(k (h − c))) / √(g k).
  const auto closed = [](const std::vector<Tensor>& p) {
    const Tensor e = exp(p[2] * (p[0] - p[3]));
    return log(e + sqrt(square(e) - 1)) / sqrt(p[1] * p[2]);
  };
  const auto solved = [](const std::vector<Tensor>& p, const OdeOptions& options) {
    OdeOptions with = options;
    with.events = {
        {.g = [c = p[3]](const Tensor&, const State& s) { return s[0] - c; }, .direction = -1, .terminal = true}};
    const VectorField f = [&](const Tensor&, const State& s) -> State { return {s[1], p[2] * square(s[1]) - p[1]}; };
    return value_or_throw(odeint(f, {p[0], zeros_like(p[0])}, {0, 9}, with)).events[0].time;
  };
  std::vector<Tensor> p;
  for (const double v : {20.0, 9.81, 0.02, 1.5}) p.push_back(track(scalar(v, f64)));
  const auto expected = grad(closed(p), p);
  for (const OdeGradient gradient : all_gradients)
    for (const std::string& method : methods) {
      INFO(method << ' ' << static_cast<int>(gradient));
      const Tensor t = solved(p, tight(method, gradient));
      const auto found = grad(t, p);
      for (size_t i = 0; i < p.size(); ++i) CHECK(close(found[i].item(), expected[i].item()));
    }
  CHECK_NOTHROW(check_grads(
      [&](const std::vector<Tensor>& in) {
        return solved(in, {.method = "dopri8", .rtol = 1e-12, .atol = 1e-12, .events = {}});
      },
      {scalar(20, f64), scalar(9.81, f64), scalar(0.02, f64), scalar(1.5, f64)}, {.order = 1, .tolerance = 1e-5}));
}

TEST_CASE("A ball after ten bounces has the position and the gradient of the closed form") {
  const double end = 21;
  // Height at the end for start height h, restitution e, gravity g, with n bounces.
  const auto closed = [&](const std::vector<Tensor>& p, int n) {
    Tensor t = sqrt(2 * p[0] / p[2]), v = sqrt(2 * p[2] * p[0]);
    for (int i = 0; i < n; ++i) {
      v = p[1] * v;
      if (i + 1 < n) t = t + 2 * v / p[2];
    }
    return v * (end - t) - 0.5 * p[2] * square(end - t);
  };
  std::vector<Tensor> p;
  for (const double v : {10.0, 0.9, 9.8}) p.push_back(track(scalar(v, f64)));
  for (const char* method : {"dopri5", "dopri8", "bdf", "radau5"})
    for (const OdeGradient gradient : all_gradients) {
      INFO(method << ' ' << static_cast<int>(gradient));
      OdeOptions options = tight(method, gradient);
      options.events = {ground};
      options.events[0].action = [&](const Tensor&, const State& s) { return State{s[0], -p[1] * s[1]}; };
      const auto s = value_or_throw(odeint(fall(p[2]), {p[0], zeros_like(p[0])}, {0, 5, end}, options));
      const int n = static_cast<int>(s.events.size());
      REQUIRE(n >= 10);
      const Tensor expected = closed(p, n);
      CHECK(close(s.y.back()[0].item(), expected.item(), 1e-5));
      const auto found = grad(s.y.back()[0], p), right = grad(expected, p);
      for (size_t i = 0; i < p.size(); ++i) CHECK(close(found[i].item(), right[i].item(), 1e-5));
      CHECK(s.t == std::vector<double>{0, 5, end});
      CHECK(std::is_sorted(s.grid.begin(), s.grid.end()));
      CHECK(s.statistics.accepted == static_cast<int64_t>(s.grid.size()) - 1);
    }
}

TEST_CASE("A dose at a time that is a parameter has the derivative of the closed form") {
  const double k0 = 0.7, dose = 2, c0 = 1.3, end = 3;
  for (const std::string& method : methods)
    for (const OdeGradient gradient : all_gradients)
      for (const double sign : {1.0, -1.0}) {
        INFO(method << ' ' << static_cast<int>(gradient) << ' ' << sign);
        const Tensor c = track(scalar(sign * c0, f64)), k = track(scalar(sign * k0, f64));
        OdeOptions options = tight(method, gradient);
        options.events = {{.g = [&](const Tensor& t, const State&) { return t - c; },
                           .action = [&](const Tensor&, const State& y) { return State{y[0] + dose}; }}};
        const VectorField decay = [&](const Tensor&, const State& y) -> State { return {-k * y[0]}; };
        const auto s = value_or_throw(odeint(decay, {ones({1}, f64)}, {0, sign * end}, options));
        const Tensor y = sum(s.y.back()[0]);
        CHECK(close(y.item(), std::exp(-k0 * end) + dose * std::exp(-k0 * (end - c0))));
        const auto g = grad(y, {c, k});
        CHECK(close(g[0].item(), sign * dose * k0 * std::exp(-k0 * (end - c0))));
        CHECK(close(g[1].item(), sign * (-end * std::exp(-k0 * end) - (end - c0) * dose * std::exp(-k0 * (end - c0)))));
      }
}

TEST_CASE("A ball that comes to rest does not fall through the ground in silence") {
  for (const char* method : {"dopri5", "dopri8", "abm", "adams", "bdf", "kencarp4", "radau5"})
    for (const double sign : {1.0, -1.0})
      for (const double end : {12.0, 13.0, 40.0}) {
        INFO(method << ' ' << sign << ' ' << end);
        OdeOptions options = tight(method, OdeGradient::direct);
        options.dense = true;
        options.events = {ground};
        options.events[0].action = [](const Tensor&, const State& s) { return State{s[0], -0.8 * s[1]}; };
        const VectorField f = [&](const Tensor&, const State& s) -> State {
          return {sign * s[1], full({}, -9.8 * sign, f64)};
        };
        const auto s = odeint(f, {scalar(10, f64), scalar(0, f64)}, {0, sign * end}, options);
        // The bounces accumulate at 9 √(2 h / g).
        const double rest = 9 * std::sqrt(20 / 9.8);
        if (end < rest) {
          CHECK(s.status == OdeStatus::success);
          CHECK(s.y.back()[0].item() >= 0);
        } else {
          CHECK(s.status == OdeStatus::events_accumulate);
          CHECK(s.t.size() == 1);
          CHECK(s.grid.back() == Approx(sign * rest).epsilon(1e-4));
          CHECK(s.at(s.grid.back())[0].item() == Approx(0).margin(1e-7));
          CHECK_THROWS_WITH(value_or_throw(s), Contains("comes to rest"));
        }
      }
  // An event that is passed once only, whatever the action.
  const OdeEvent dose{.g = [](const Tensor& t, const State&) { return 1 - t; },
                      .direction = -1,
                      .action = [](const Tensor&, const State& y) { return State{y[0] + 1}; }};
  const auto once = value_or_throw(
      odeint([](const Tensor&, const State& y) { return State{-y[0]}; }, {scalar(1, f64)}, {0, 3}, {.events = {dose}}));
  CHECK(once.events.size() == 1);
}

TEST_CASE("Dense output is right on both sides of actions and jumps") {
  OdeOptions options{.rtol = 1e-10, .atol = 1e-10, .events = {ground}, .dense = true};
  options.events[0].action = [](const Tensor&, const State& s) { return State{s[0], -s[1]}; };
  const auto s = odeint(fall(scalar(2, f64)), {scalar(1, f64), scalar(0, f64)}, {0, 6.5}, options);
  REQUIRE(s.events.size() == 3);
  // Height 1 − t², reflected at t = 1, of period 2.
  for (double t = 0; t <= 6.5; t += 0.0625) {
    const double since = t - 2 * std::floor((t + 1) / 2);
    CHECK(s.at(t)[0].item() == Approx(1 - since * since).margin(1e-8));
  }
}

TEST_CASE("No step crosses a jump of f, which every method then integrates exactly") {
  const double jump = 0.7;
  for (const std::string& method : ode_method_names())
    for (const double sign : {1.0, -1.0})
      for (const OdeGradient gradient : all_gradients) {
        INFO(method << ' ' << sign << ' ' << static_cast<int>(gradient));
        std::vector<double> seen;
        const Tensor a = track(scalar(2, f64));
        const VectorField f = [&](const Tensor& t, const State& y) -> State {
          seen.push_back(t.item());
          return {(std::abs(t.item()) < jump ? a : -3 * a) * ones_like(y[0])};
        };
        OdeOptions options = tight(method, gradient);
        options.jump_at = {sign * jump, 7, sign * jump, -7};
        options.dt = is_adaptive(method) ? 0 : 0.5;
        const auto s = value_or_throw(odeint(f, {zeros({1}, f64)}, {0, sign * 0.3, sign * jump, sign * 1}, options));
        REQUIRE(s.t == std::vector<double>{0, sign * 0.3, sign * jump, sign * 1});
        const std::vector<double> expected{0, 0.6, 1.4, 1.4 - 6 * 0.3};
        for (size_t i = 0; i < 4; ++i) CHECK(s.y[i][0].item() == Approx(sign * expected[i]).margin(1e-12));
        CHECK(std::find(seen.begin(), seen.end(), sign * jump) == seen.end());
        for (size_t i = 1; i < s.grid.size(); ++i)
          CHECK_FALSE((std::abs(s.grid[i - 1]) < jump - 1e-12 && std::abs(s.grid[i]) > jump + 1e-12));
        CHECK(close(grad(sum(s.y[3][0]), a).item(), sign * expected[3] / 2));
      }
}

TEST_CASE("Derivatives with respect to start, end and output times are those of the flow") {
  // y' = cos(t) y: y(t) = y0 exp(sin t − sin t0).
  const VectorField f = [](const Tensor& t, const State& y) -> State { return {cos(t) * y[0]}; };
  const std::vector<double> at{0.3, 0.3, 0.9, 1.6, 1.6};
  for (const std::string& method : methods)
    for (const OdeGradient gradient : all_gradients) {
      INFO(method << ' ' << static_cast<int>(gradient));
      const Tensor t = track(tensor(at, f64)), y0 = track(tensor({2}, f64));
      const auto s = value_or_throw(odeint(f, {y0}, t, tight(method, gradient)));
      REQUIRE(s.t == at);
      for (size_t i = 0; i < at.size(); ++i) {
        const double y = 2 * std::exp(std::sin(at[i]) - std::sin(at[0]));
        CHECK(close(s.y[i][0].item(), y));
        const auto g = grad(sum(s.y[i][0]), {t, y0});
        std::vector<double> expected(at.size(), 0);
        if (i > 0) {
          expected[0] = -std::cos(at[0]) * y;
          expected[i] = std::cos(at[i]) * y;
        }
        for (size_t j = 0; j < at.size(); ++j) CHECK(close(g[0].values()[j], expected[j]));
        CHECK(close(g[1].item(), y / 2));
      }
    }
}

TEST_CASE("Derivatives with respect to times reach the fourth order, mixed ones too") {
  const VectorField f = [](const Tensor& t, const State& y) -> State { return {cos(t) * y[0]}; };
  const auto y = [&](const std::vector<Tensor>& in) {
    return odeint(f, {in[1]}, in[0], {.method = "dopri8", .rtol = 1e-12, .atol = 1e-12}).y.back()[0];
  };
  CHECK_NOTHROW(check_grads([&](const std::vector<Tensor>& in) { return sum(y(in)); },
                            {tensor({0.2, 1.1}, f64), tensor({1.5}, f64)}, {.order = 2, .tolerance = 1e-5}));
  // The Taylor series of exp(sin t) at 1.
  const Tensor t = track(tensor({0, 1}, f64));
  Tensor g = sum(y({t, ones({1}, f64)}));
  std::vector<double> derivatives;
  for (int i = 0; i < 4; ++i) {
    g = sum(grad(g, t) * tensor({0, 1}, f64));
    derivatives.push_back(g.item());
  }
  const double s = std::sin(1), c = std::cos(1), e = std::exp(s);
  const std::vector<double> expected{e * c, e * (c * c - s), e * (c * c * c - 3 * s * c - c),
                                     e * (c * c * c * c - 6 * s * c * c + 3 * s * s - 4 * c * c + s)};
  for (size_t i = 0; i < 4; ++i) CHECK(close(derivatives[i], expected[i], 1e-8));
}

TEST_CASE("A terminal event of a solve with tracked times moves with the start") {
  // The fall takes √(2 h / g) from the start, whenever that is.
  const Tensor t = track(tensor({1, 9}, f64));
  OdeOptions options = tight("dopri5", OdeGradient::direct);
  options.events = {ground};
  options.events[0].terminal = true;
  const auto s = odeint(fall(scalar(9.8, f64)), {scalar(5, f64), scalar(0, f64)}, t, options);
  const auto g = grad(s.events[0].time, t).values();
  CHECK(close(g[0], 1));
  CHECK(g[1] == 0);
}

TEST_CASE("Derivatives that an event does not have are refused") {
  const Tensor h = track(scalar(5, f64));
  OdeOptions options = tight("dopri5", OdeGradient::direct);
  options.events = {ground};
  const auto s = odeint(fall(scalar(9.8, f64)), {h, zeros_like(h)}, {0, 2}, options);
  CHECK_THROWS_WITH(grad(grad(s.events[0].time, h), h), Contains("once differentiable"));
  options.events = {
      {.g = [](const Tensor&, const State& y) { return where(y[0] < 1.0, -1 + 0 * y[0], 1 + 0 * y[0]); }}};
  const auto jump = odeint(fall(scalar(9.8, f64)), {h, zeros_like(h)}, {0, 2}, options);
  REQUIRE(jump.events.size() == 1);
  CHECK(close(jump.events[0].t, std::sqrt(8 / 9.8)));
  CHECK_THROWS_WITH(grad(jump.events[0].time, h), Contains("no derivative"));
}

TEST_CASE("The limits hold over all parts of a solve, and invalid events are refused") {
  const State start{scalar(10, f64), scalar(0, f64)};
  const VectorField f = fall(scalar(9.8, f64));
  OdeOptions options{.max_steps = 30, .events = {ground}};
  options.events[0].action = [](const Tensor&, const State& s) { return State{s[0], -0.5 * s[1]}; };
  const auto s = odeint(f, start, {0, 20}, options);  // the bounces accumulate at t = 4.3
  CHECK(s.status == OdeStatus::max_steps_reached);
  CHECK(s.statistics.accepted + s.statistics.rejected == 30);
  CHECK(s.t.size() == s.y.size());
  options.max_steps = 10000;
  options.max_evaluations = 100;
  const auto e = odeint(f, start, {0, 20}, options);
  CHECK(e.status == OdeStatus::max_evaluations_reached);
  CHECK(e.statistics.evaluations == 100);

  options.events[0].terminal = true;
  CHECK_THROWS_WITH(odeint(f, start, {0, 1}, options), Contains("is terminal and has an action"));
  options.events = {{}};
  CHECK_THROWS_WITH(odeint(f, start, {0, 1}, options), Contains("no function g"));
  CHECK_THROWS_WITH(odeint(f, start, {0, 1}, {.jump_at = {NAN}}), Contains("jump_at[0]"));
  CHECK_THROWS_WITH(odeint(f, start, {0, 1}, {.jump_at = {0.5}, .replay = {.grid = {0, 1}}}), Contains("replayed"));
  options.events = {ground};
  options.events[0].action = [](const Tensor&, const State& y) { return State{y[0]}; };
  options.max_evaluations = 1000;
  CHECK_THROWS_AS(odeint(f, start, {0, 2}, options), ShapeError);
  CHECK_THROWS_AS(odeint(f, start, scalar(1, f64)), ShapeError);
  CHECK_THROWS_WITH(odeint(f, start, Tensor()), Contains("undefined"));
}

}  // namespace dimwise::ode_event_gradient_tests
