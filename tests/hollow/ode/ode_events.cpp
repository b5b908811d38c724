// Events where they are hard to find: several in a step, flat, tiny, with jumps, with NaN, at the start; and the output
// of a solve that an event ends.
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/transforms.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_events_tests {

using namespace dimwise::problems;
using Catch::Matchers::Contains;

namespace {

constexpr DType f64 = DType::float64;
constexpr double gravity = 9.8;

// Height and speed of a free fall.
const VectorField fall = [](const Tensor&, const State& s) -> State {
  return {s[1], full(s[1].shape(), -gravity, f64)};
};
State at_height(double height, double speed = 0) { return {scalar(height, f64), scalar(speed, f64)}; }

std::vector<double> times_of(const OdeSolution& s) {
  std::vector<double> t;
  for (const OdeEventReached& e : s.events) t.push_back(e.t);
  return t;
}

bool near(const std::vector<double>& found, const std::vector<double>& expected) {
  return found.size() == expected.size() &&
         std::equal(found.begin(), found.end(), expected.begin(),
                    [](double a, double b) { return std::abs(a - b) <= 1e-7 * std::abs(b); });
}

// y' = 1 from 0, so that y = t, with one event g(t).
OdeSolution clock(const std::string& method, const std::function<Tensor(const Tensor&)>& g, bool terminal = false) {
  const OdeEvent event{.g = [g](const Tensor&, const State& y) { return g(y[0]); }, .terminal = terminal};
  const VectorField one = [](const Tensor&, const State& y) -> State { return {ones_like(y[0])}; };
  return value_or_throw(odeint(one, {scalar(0, f64)}, {0, 3}, {.method = method, .events = {event}}));
}

}  // namespace

TEST_CASE("Every method finds all roots within its long steps, in order") {
  const VectorField f = [](const Tensor& t, const State& y) -> State {
    return {(3 * square(t) + 12 * t - 4) * ones_like(y[0])};
  };
  for (const std::string& method : adaptive_methods()) {
    INFO(method);
    const OdeOptions options{.method = method,
                             .rtol = 1e-3,
                             .atol = 1e-6,
                             .events = {{.g = [](const Tensor&, const State& y) { return y[0]; }}}};
    const auto found = times_of(value_or_throw(odeint(f, {scalar(-120, f64)}, {-8, 4}, options)));
    REQUIRE(found.size() == 3);
    CHECK(found[0] == Approx(-6).margin(0.1));
    CHECK(found[1] == Approx(-2).margin(0.1));
    CHECK(found[2] == Approx(2).margin(0.1));
  }
}

TEST_CASE("A flat, a tiny and a jumping event are found") {
  const double ground = std::sqrt(100 / gravity);
  for (const std::string& method : adaptive_methods()) {
    INFO(method);
    for (const double power : {1, 3, 5}) {
      const OdeOptions options{
          .method = method,
          .events = {{.g = [&](const Tensor&, const State& s) { return pow(s[0], power); }, .terminal = true}}};
      const auto s = value_or_throw(odeint(fall, at_height(50), {0, 20}, options));
      REQUIRE(s.status == OdeStatus::event_reached);
      CHECK(s.events[0].t == Approx(ground).margin(2e-4));
      CHECK(std::abs(s.events[0].y[0].item()) < 1e-2);
    }
    const auto root = [&](const std::function<Tensor(const Tensor&)>& g) {
      const auto found = times_of(clock(method, g));
      return found.size() == 1 ? found[0] : NAN;
    };
    CHECK(root([](const Tensor& y) { return 1e-200 * (y - 1.1); }) == Approx(1.1).epsilon(1e-9));
    CHECK(root([](const Tensor& y) { return where(greater(y, scalar(1.1, f64)), ones_like(y), -ones_like(y)); }) ==
          Approx(1.1).epsilon(1e-9));
    CHECK(root([](const Tensor& y) { return 1 / (y - 1.1); }) == Approx(1.1).epsilon(1e-9));  // a pole is a jump, too
  }
}

TEST_CASE("An event that is NaN beside its root is found; one that changes its sign over NaN is an error") {
  for (const std::string& method : adaptive_methods()) {
    INFO(method);
    CHECK(near(times_of(clock(method, [](const Tensor& y) { return log(y - 1); })), {2}));
    CHECK(near(times_of(clock(method, [](const Tensor& y) { return sqrt(y - 1) - 1e-3; })), {1 + 1e-6}));
    CHECK(near(times_of(clock(method, [](const Tensor& y) { return 1e-3 - sqrt(1.7 - y); })), {1.7 - 1e-6}));
    CHECK(times_of(clock(method, [](const Tensor& y) { return log(y - 5); })).empty());
    // |t − 1.1| ≥ 0.4 with the sign of t − 1.1.
    const auto gap = [](const Tensor& y) { return sqrt(square(y - 1.1) - 0.16) * (y - 1.1); };
    CHECK_THROWS_WITH(clock(method, gap), Contains("is NaN between t = 0.7") && Contains("and 1.5"));
    CHECK(times_of(clock(method, [](const Tensor& y) { return sqrt(square(y - 1.1) - 0.16) + 1; })).empty());
    CHECK(times_of(clock(method, [](const Tensor& y) { return 0.0 * sqrt(square(y - 1.1) - 0.16); })).empty());
  }
}

TEST_CASE("A solve may begin at a root, exactly or by rounding, and leaves it without an event") {
  for (const std::string& method : adaptive_methods())
    for (const double start : {0.0, -1e-17, 1e-17})
      for (const int direction : {0, -1}) {
        INFO(method << " from " << start << ", direction " << direction);
        const OdeOptions options{
            .method = method,
            .events = {
                {.g = [](const Tensor&, const State& s) { return s[0]; }, .direction = direction, .terminal = true}}};
        const auto s = value_or_throw(odeint(fall, at_height(start, 4.9), {0, 5}, options));
        REQUIRE(s.events.size() == 1);
        CHECK(s.events[0].t == Approx(1).epsilon(1e-4));
      }
}

TEST_CASE("A ball that is restarted at each bounce with the proposed step bounces on") {
  for (const std::string& method : adaptive_methods()) {
    INFO(method);
    double t = 0, dt = 0, speed = 0, height = 10;
    std::vector<double> bounces;
    for (int bounce = 0; bounce < 10; ++bounce) {
      const OdeOptions options{.method = method,
                               .rtol = 1e-8,
                               .atol = 1e-8,
                               .dt = dt,
                               .events = {{.g = [](const Tensor&, const State& s) { return s[0]; }, .terminal = true}}};
      const auto s = value_or_throw(odeint(fall, at_height(height, speed), {t, t + 10}, options));
      REQUIRE(s.status == OdeStatus::event_reached);
      t = s.t.back();
      dt = s.statistics.next_dt;
      height = 0;
      speed = -0.8 * s.y.back()[1].item();
      bounces.push_back(t);
    }
    // The first fall takes √(2h/g), the flight after bounce k twice 0.8^k of it.
    const double first = std::sqrt(20 / gravity);
    double expected = first;
    for (size_t k = 0; k < bounces.size(); ++k) {
      CHECK(bounces[k] == Approx(expected).epsilon(1e-6));
      expected += 2 * first * std::pow(0.8, static_cast<double>(k) + 1);
    }
  }
}

TEST_CASE("The last output of a solve that an event ends is the state of the event, with every gradient") {
  for (const OdeGradient gradient : all_gradients)
    for (const char* method : {"dopri5", "bdf", "radau5"}) {
      INFO(method << ", gradient " << static_cast<int>(gradient));
      const Tensor rate = track(scalar(0.5, f64));
      const VectorField f = [&](const Tensor&, const State& y) -> State { return {-rate * y[0]}; };
      const OdeEvent half{.g = [](const Tensor&, const State& y) { return sum(y[0]) - 1.0; }, .terminal = true};
      const std::vector<double> times{0, 0, 0.5, 1, 4, 5};
      const OdeOptions options{.method = method, .rtol = 1e-9, .atol = 1e-9, .events = {half}, .gradient = gradient};
      const auto s = value_or_throw(odeint(f, {full({1}, 2, f64)}, times, options));
      const double end = 2 * std::log(2.0);
      REQUIRE(s.t.size() == 5);
      CHECK(near(s.t, {0, 0, 0.5, 1, end}));
      REQUIRE(s.y.size() == 5);
      CHECK(s.y[1][0].item() == 2);
      CHECK(s.y.back()[0].item() == Approx(1).epsilon(1e-7));
      // The state of the event is 1 at any rate, its time is log 2 / rate.
      CHECK(grad(sum(s.y.back()[0]), rate).item() == Approx(0).margin(1e-5));
      CHECK(grad(s.events[0].time, rate).item() == Approx(-2 * end).epsilon(1e-5));
      CHECK(Tape({s.y[2][0]}, {rate}).pull({ones({1}, f64)})[0].item() ==
            Approx(-0.5 * 2 * std::exp(-0.25)).epsilon(1e-5));
    }
  const auto s = clock(
      "dopri5", [](const Tensor& y) { return y - 1; }, true);
  CHECK(near(s.t, {0, 1}));
}

TEST_CASE("The dense output ends at a terminal event") {
  const VectorField one = [](const Tensor&, const State& y) -> State { return {ones_like(y[0])}; };
  const OdeEvent event{.g = [](const Tensor&, const State& y) { return y[0] - 1.25; }, .terminal = true};
  const auto s = odeint(one, {scalar(0, f64)}, {0, 3}, {.events = {event}, .dense = true});
  CHECK(s.at(1.2)[0].item() == Approx(1.2));
  CHECK(s.at(s.t.back())[0].item() == Approx(1.25));
  CHECK_THROWS_WITH(s.at(1.3), Contains("from 0 to 1.25"));
}

TEST_CASE("Times may be repeated") {
  const VectorField f = [](const Tensor&, const State& y) -> State { return {-y[0]}; };
  const std::vector<double> times{0, 0, 1, 1, 2, 2}, backwards{2, 2, 1, 0, 0};
  for (const std::string& method : ode_method_names())
    for (const OdeGradient gradient : all_gradients) {
      INFO(method << ", gradient " << static_cast<int>(gradient));
      const Tensor y0 = track(full({1}, 3, f64));
      const OdeOptions options{
          .method = method, .rtol = 1e-9, .atol = 1e-9, .steps = is_adaptive(method) ? 0 : 400, .gradient = gradient};
      const auto s = value_or_throw(odeint(f, {y0}, times, options));
      REQUIRE(s.t == times);
      const double tolerance = method == "euler" ? 2e-2 : 1e-5;
      Tensor total = zeros({1}, f64);
      for (size_t i = 0; i < times.size(); ++i) {
        CHECK(s.y[i][0].item() == Approx(3 * std::exp(-times[i])).epsilon(tolerance));
        total = total + s.y[i][0];
      }
      const double slope = 2 * (1 + std::exp(-1) + std::exp(-2));
      CHECK(Tape({total}, {y0}).pull({ones({1}, f64)})[0].item() == Approx(slope).epsilon(tolerance));
      CHECK(value_or_throw(odeint(f, {y0}, backwards, options)).y.size() == 5);
    }
  CHECK_THROWS_WITH(odeint(f, {scalar(1, f64)}, {0, 1, 0.5, 2}), Contains("1 is followed by 0.5"));
}

TEST_CASE("f is not evaluated outside the times") {
  for (const std::string& method : adaptive_methods())
    for (const double end : {1.0, -1.0, 1e-9}) {
      INFO(method << " to " << end);
      const VectorField f = [&](const Tensor& t, const State& y) -> State {
        const double at = t.item();
        CHECK((at >= std::min(0.0, end) && at <= std::max(0.0, end)));
        return {1e-9 * y[0]};
      };
      CHECK(value_or_throw(odeint(f, {scalar(1, f64)}, {0, end}, {.method = method})).y.back()[0].item() ==
            Approx(1 + 1e-9 * end).epsilon(1e-14));
    }
}

TEST_CASE("A state without elements is its own solution") {
  const VectorField f = [](const Tensor&, const State& y) -> State { return {-y[0]}; };
  for (const std::string& method : ode_method_names()) {
    INFO(method);
    const OdeOptions options{.method = method, .steps = is_adaptive(method) ? 0 : 4};
    for (const Shape& shape : {Shape{0}, Shape{0, 3}, Shape{2, 0}}) {
      const auto s = odeint(f, {zeros(shape, f64)}, {0, 1, 2}, options);
      CHECK(s.status == OdeStatus::success);
      REQUIRE(s.y.size() == 3);
      CHECK(s.y.back()[0].shape() == shape);
      OdeOptions dense = options;
      dense.dense = true;
      CHECK(odeint(f, {zeros(shape, f64)}, {0, 2}, dense).at(1)[0].shape() == shape);
    }
  }
}

TEST_CASE("Tolerances below rounding are refused with their place") {
  const VectorField f = [](const Tensor&, const State& y) -> State { return {-y[0]}; };
  const auto refused = [&](const Tensor& y0, const OdeOptions& options, const std::string& text) {
    CHECK_THROWS_AS(odeint(f, {y0}, {0, 1}, options), ValueError);
    CHECK_THROWS_WITH(odeint(f, {y0}, {0, 1}, options), Contains(text));
  };
  const Tensor y = tensor({1, 0}, f64), single = tensor({1, 2});
  refused(y, {.rtol = 1e-17, .atol = 0},
          "rtol = 1e-17 and atol = 0 are below the rounding of float64 at tensor 0, element 0");
  refused(y, {.rtol = 1e-17, .atol = 1e-17}, "below the rounding of float64");
  refused(single, {.method = "bdf", .rtol = 1e-8, .atol = 1e-9}, "below the rounding of float32");
  refused(y, {.rtol = 1e-6, .atol = 0}, "atol = 0, but the state has tensor 0, element 1 = 0");
  refused(y, {.rtols = {full({}, 1e-17, f64)}, .atols = {zeros({}, f64)}}, "below the rounding");
  CHECK(odeint(f, {tensor({1, 2}, f64)}, {0, 1}, {.rtol = 1e-6, .atol = 0}).status == OdeStatus::success);
  CHECK(odeint(f, {y}, {0, 1}, {.rtol = 0, .atol = 1e-6}).status == OdeStatus::success);
  CHECK(odeint(f, {y}, {0, 1}, {.rtol = 1e-6, .atols = {tensor({0, 1e-6}, f64)}}).status == OdeStatus::success);
  CHECK(odeint(f, {y}, {0, 1}, {.method = "rk4", .rtol = 1e-6, .atol = 0, .steps = 4}).status == OdeStatus::success);
}

}  // namespace dimwise::ode_events_tests
