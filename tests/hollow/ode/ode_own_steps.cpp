// Rows of a batch with steps of their own.

#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/net/leave_one_out.hpp"
#include "hollow/net/shared_transformer.hpp"
#include "ops/index.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_own_steps_tests {

using namespace dimwise::problems;
using Catch::Matchers::Contains;

namespace {

constexpr DType f64 = DType::float64;
const std::vector<std::string> pairs{"bosh3", "dopri5", "tsit5", "dopri8"};
const std::vector<double> rates{1, 40, 3, 0.2, 12};

// y' = k (cos t − y), and k' = 0: each row has its own k.
State relaxation(const Tensor& t, const State& y) {
  return {y[1] * (cos(astype(t, y[0].dtype())) - y[0]), zeros_like(y[1])};
}

double relaxed(double k, double t, double y0) {
  const double a = k * k / (1 + k * k), b = k / (1 + k * k);
  return (y0 - a) * std::exp(-k * t) + a * std::cos(t) + b * std::sin(t);
}

State relaxing(const std::vector<double>& k, DType dtype = f64) {
  const Shape shape{static_cast<int64_t>(k.size()), 1};
  return {0 * tensor(k, shape, dtype), tensor(k, shape, dtype)};
}

// Oscillators of van der Pol: {(x, v), μ}.
State van_der_pol(const Tensor&, const State& y) {
  const Tensor x = slice(y[0], -1, 0, 1), v = slice(y[0], -1, 1, 2);
  return {concat({v, y[1] * (1 - square(x)) * v - x}), zeros_like(y[1])};
}

State oscillators(const std::vector<double>& mu, DType dtype = f64) {
  const auto n = static_cast<int64_t>(mu.size());
  const Tensor x = 2 + 0.1 * tensor(mu, {n, 1}, dtype);
  return {concat({x, 0 * x}), tensor(mu, {n, 1}, dtype)};
}

State row(const State& y, int64_t i) {
  State one;
  for (const Tensor& part : y) one.push_back(index_select(part, 0, {i}));
  return one;
}

std::vector<std::vector<double>> numbers(const State& y) {
  std::vector<std::vector<double>> all;
  for (const Tensor& part : y) all.push_back(part.values());
  return all;
}

OdeOptions own(const std::string& method, double tolerance = 1e-6) {
  return {.method = method, .rtol = tolerance, .atol = tolerance, .controlled = {true, false}, .own_steps = true};
}

OdeOptions common(OdeOptions options) {
  options.own_steps = false;
  return options;
}

}  // namespace

TEST_CASE("A row's solution is that of the row alone, bit for bit") {
  for (const std::string& method : pairs)
    for (const DType dtype : {DType::float32, f64})
      for (const double end : {4.0, -0.2})
        for (const auto& [f, y0] :
             {std::pair<VectorField, State>{relaxation, relaxing(rates, dtype)},
              std::pair<VectorField, State>{van_der_pol, oscillators({0.5, 8, 0, 2, 4}, dtype)}}) {
          INFO(method << ", " << dtype << ", to " << end);
          const OdeOptions options = own(method, dtype == f64 ? 1e-7 : 1e-4);
          const std::vector<double> times{0, 0.13 * end, 0.131 * end, 0.6 * end, end};
          const auto all = value_or_throw(odeint(f, y0, times, options));
          REQUIRE(all.t == times);
          int64_t accepted = 0, rejected = 0, evaluations = 0;
          for (int64_t i = 0; i < 5; ++i) {
            const auto alone = value_or_throw(odeint(f, row(y0, i), times, options));
            for (size_t j = 0; j < times.size(); ++j) CHECK(numbers(row(all.y[j], i)) == numbers(alone.y[j]));
            accepted += alone.statistics.accepted;
            rejected += alone.statistics.rejected;
            evaluations += alone.statistics.evaluations;
            CHECK(alone.statistics.row_evaluations == alone.statistics.evaluations);
          }
          CHECK(all.statistics.accepted == accepted);
          CHECK(all.statistics.rejected == rejected);
          CHECK(all.statistics.row_evaluations == evaluations);
        }
}

TEST_CASE("Solutions meet the tolerance at all times, as with common steps") {
  const std::vector<double> times{0, 0, 0.01, 0.5, 0.5, 2, 2.000001, 3, 3};
  for (const std::string& method : pairs) {
    const State y0 = relaxing(rates);
    const auto s = value_or_throw(odeint(relaxation, y0, times, own(method, 1e-9)));
    const auto together = value_or_throw(odeint(relaxation, y0, times, common(own(method, 1e-9))));
    REQUIRE(s.t == times);
    CHECK(s.grid == std::vector<double>{0, 3});
    for (size_t j = 0; j < times.size(); ++j) {
      const std::vector<double> y = s.y[j][0].values(), other = together.y[j][0].values();
      for (size_t i = 0; i < rates.size(); ++i) {
        INFO(method << ", row " << i << " at " << times[j]);
        CHECK(std::abs(y[i] - relaxed(rates[i], times[j], 0)) < 1e-7);
        CHECK(std::abs(y[i] - other[i]) < 1e-7);
      }
    }
  }
}

TEST_CASE("f gets the rows that are not at the end, and their times") {
  for (const std::string& method : pairs) {
    int64_t calls = 0, rows = 0, last = 5;
    const VectorField f = [&](const Tensor& t, const State& y) {
      const int64_t m = y[0].dim(0);
      CHECK(t.shape() == Shape{m, 1});
      CHECK(t.dtype() == f64);
      for (const double time : t.values()) CHECK((time >= 0 && time <= 4));
      ++calls;
      rows += m;
      last = m;
      return relaxation(t, y);
    };
    const auto s = value_or_throw(odeint(f, relaxing(rates), {0, 4}, own(method)));
    const auto together = value_or_throw(odeint(relaxation, relaxing(rates), {0, 4}, common(own(method))));
    CHECK(s.statistics.evaluations == calls);
    CHECK(s.statistics.row_evaluations == rows);
    CHECK(last == 1);
    CHECK(5 * rows < 3 * 5 * together.statistics.evaluations);
    CHECK(together.statistics.row_evaluations == 0);
  }
}

TEST_CASE("Rows that are alike cost as many evaluations as one, and one row as many as with common steps") {
  for (const std::string& method : pairs) {
    const std::vector<double> times{0, 0.3, 5};
    const auto one = value_or_throw(odeint(van_der_pol, oscillators({2}), times, own(method)));
    const auto many = value_or_throw(odeint(van_der_pol, oscillators({2, 2, 2}), times, own(method)));
    const auto together = value_or_throw(odeint(van_der_pol, oscillators({2}), times, common(own(method))));
    CHECK(many.statistics.evaluations == one.statistics.evaluations);
    CHECK(many.statistics.row_evaluations == 3 * one.statistics.evaluations);
    CHECK(one.statistics.evaluations == together.statistics.evaluations);
    CHECK(one.statistics.accepted == together.statistics.accepted);
    CHECK(one.statistics.rejected == together.statistics.rejected);
    CHECK(one.statistics.last_dt == Approx(together.statistics.last_dt));
    CHECK(one.statistics.next_dt == Approx(together.statistics.next_dt));
    for (size_t j = 0; j < times.size(); ++j) CHECK(relative_error(one.y[j][0], together.y[j][0].values()) < 1e-12);
  }
}

TEST_CASE("All leading axes are one, and the solution has those of the state") {
  const std::vector<double> mu{0.5, 8, 0, 2, 4, 1};
  const State flat = oscillators(mu), batch{reshape(flat[0], {2, 3, 2}), reshape(flat[1], {2, 3, 1})};
  OdeOptions of_flat = own("tsit5"), of_batch = of_flat;  // tolerances broadcast to the state
  of_flat.rtols = {tensor({1e-3, 1e-9, 1e-6, 1e-3, 1e-9, 1e-6}, {6, 1}, f64), Tensor()};
  of_batch.rtols = {tensor({1e-3, 1e-9, 1e-6}, {3, 1}, f64), Tensor()};
  const auto a = value_or_throw(odeint(van_der_pol, flat, {0, 1, 2}, of_flat));
  const auto b = value_or_throw(odeint(van_der_pol, batch, {0, 1, 2}, of_batch));
  for (size_t j = 0; j < 3; ++j) {
    CHECK(b.y[j][0].shape() == Shape{2, 3, 2});
    CHECK(b.y[j][1].shape() == Shape{2, 3, 1});
    CHECK(numbers(b.y[j]) == numbers(a.y[j]));
  }
  const Tensor stacked =
      odeint([](const Tensor&, const Tensor& y) { return -y; }, batch[0], {0, 1}, {.own_steps = true});
  CHECK(stacked.shape() == Shape{2, 2, 3, 2});
}

TEST_CASE("Tolerances, limits of the step and quadratures hold by rows") {
  const State y0 = oscillators({1, 1, 1});
  OdeOptions options = own("dopri5");
  options.rtols = {tensor({1e-3, 1e-9, 1e-6}, {3, 1}, f64), Tensor()};
  const auto s = value_or_throw(odeint(van_der_pol, y0, {0, 2, 4}, options));
  for (int64_t i = 0; i < 3; ++i) {
    OdeOptions alone = own("dopri5");
    alone.rtols = {index_select(options.rtols[0], 0, {i}), Tensor()};
    const auto one = value_or_throw(odeint(van_der_pol, row(y0, i), {0, 2, 4}, alone));
    CHECK(numbers(row(s.y[2], i)) == numbers(one.y[2]));
  }
  CHECK(numbers(row(s.y[2], 0)) != numbers(row(s.y[2], 1)));

  options = own("tsit5");
  options.dt = options.dt_max = 0.01;
  const auto shorter = value_or_throw(odeint(van_der_pol, y0, {0, 1}, options));
  CHECK(shorter.statistics.accepted == 3 * 100);
  CHECK(shorter.statistics.evaluations == 6 * 100 + 1);

  // What f does not read is not updated within a step.
  int64_t changes = 0;
  std::vector<double> last;
  const VectorField with_integral = [&](const Tensor& t, const State& y) -> State {
    if (const std::vector<double> now = y[2].values(); now != last) {
      ++changes;
      last = now;
    }
    return {relaxation(t, y)[0], zeros_like(y[1]), cos(10 * t) + 0 * y[0]};
  };
  State z0 = relaxing(rates);
  z0.push_back(zeros({5, 1}, f64));
  std::vector<OdeSolution> solutions;
  std::vector<int64_t> counts;
  for (const std::vector<bool>& quadratures : {std::vector<bool>{}, {false, false, true}}) {
    options = own("dopri8");
    options.controlled = {};
    options.quadratures = quadratures;
    changes = 0;
    solutions.push_back(value_or_throw(odeint(with_integral, z0, {0, 3}, options)));
    counts.push_back(changes);
  }
  CHECK(numbers(solutions[0].y[1]) == numbers(solutions[1].y[1]));
  CHECK(3 * counts[1] < counts[0]);
  for (const double integral : solutions[0].y[1][2].values())
    CHECK(integral == Approx(std::sin(30.0) / 10).margin(1e-6));
}

TEST_CASE("A float32 state keeps times that float32 does not resolve, and casts them") {
  const double t0 = 1e8;
  const VectorField f = [&](const Tensor& t, const State& y) -> State {
    return {y[1] * astype(cos(t - t0), y[0].dtype()), zeros_like(y[1])};
  };
  const State y0{zeros({2, 1}), tensor({1, 30}, {2, 1})};
  const auto s = value_or_throw(odeint(f, y0, {t0, t0 + 0.5, t0 + 1}, own("dopri5", 1e-5)));
  for (size_t j = 1; j < 3; ++j) {
    const std::vector<double> y = s.y[j][0].values();
    CHECK(s.y[j][0].dtype() == DType::float32);
    CHECK(std::abs(y[0] - std::sin(0.5 * static_cast<double>(j))) < 1e-4);
    CHECK(std::abs(y[1] / 30 - std::sin(0.5 * static_cast<double>(j))) < 1e-4);
  }
  const VectorField mixed = [](const Tensor& t, const State& y) -> State { return {t * y[0], zeros_like(y[1])}; };
  CHECK_THROWS_WITH(odeint(mixed, y0, {0, 1}, own("dopri5")), Contains("astype"));
}

TEST_CASE("A HollowNet with time is solved by rows") {
  const Rng rng(4);
  const HollowNet net{LeaveOneOut({.d = 3, .time = true, .dtype = f64}, rng.split("conditioner")),
                      SharedTransformer({.d = 3, .time = true, .dtype = f64}, rng.split("transformer"))};
  const Tensor x = 3 * rng.split("x").normal({7, 3}, f64);
  OdeOptions options{.rtol = 1e-9, .atol = 1e-9};
  const OdeTerm term = hollow_term(net, {.time = true});
  const Tensor together = value_or_throw(odeint(term, {x}, {0, 2}, options)).y[1][0];
  options.own_steps = true;
  CHECK(relative_error(value_or_throw(odeint(term, {x}, {0, 2}, options)).y[1][0], together.values()) < 1e-7);
}

TEST_CASE("Gradients go through the steps of each row, to the second order") {
  const Tensor x = tensor({2, 0, 1, 0.5, -1, 1}, {3, 2}, f64), mu = tensor({0.3, 4, 1}, {3, 1}, f64),
               rate = scalar(1.3, f64);
  const std::vector<double> times{0, 0.2, 0.21, 0.5};
  const auto loss = [&](const OdeOptions& options) {
    return [&, options](const std::vector<Tensor>& in) {
      const VectorField f = [&](const Tensor& t, const State& y) -> State {
        State k = van_der_pol(t, y);
        return {in[2] * k[0] + 0.1 * sin(t), k[1]};
      };
      const auto s = value_or_throw(odeint(f, {in[0], in[1]}, times, options));
      return sum(s.y[1][0]) + sum(square(s.y[2][0])) + sum(s.y[3][0] * x);
    };
  };
  for (const auto& [method, order] : {std::pair{"dopri5", 1}, std::pair{"dopri8", 2}}) {
    INFO(method);
    // Tight, so that the steps' dependence on y0, which is no part of the gradient, does not matter.
    const auto by_rows = loss(own(method, 1e-12)), together = loss(common(own(method, 1e-12)));
    CHECK_NOTHROW(check_grads(by_rows, {x, mu, rate}, {.order = order, .tolerance = order == 1 ? 1e-6 : 1e-5}));
    const std::vector<Tensor> in{track(x), track(mu), track(rate)};
    const auto a = grad(by_rows(in), in), b = grad(together(in), in);
    for (size_t i = 0; i < in.size(); ++i) CHECK(relative_error(a[i], b[i].values()) < 1e-9);
  }
}

TEST_CASE("A row that overflows in a rejected step does no harm to the gradients of what rows share") {
  const Tensor w = track(tensor({1}, {1, 1}, f64));
  // y(t) = y0 / √(1 + 2 w t y0²). The first step of the first row ends in an infinity, that of the second one at the
  // end.
  const VectorField f = [&](const Tensor&, const State& y) -> State { return {-matmul(y[0] * y[0] * y[0], w)}; };
  const State y0{tensor({1, 1e-6}, {2, 1}, f64)};
  const auto s = value_or_throw(odeint(f, y0, {0, 1e4}, {.rtol = 1e-9, .dt = 1e4, .own_steps = true}));
  CHECK(grad(sum(s.y[1][0]), w).item() == Approx(-1e4 * std::pow(1 + 2e4, -1.5)).epsilon(1e-4));
}

TEST_CASE("A row that fails ends the solve and is named") {
  const VectorField blow_up = [](const Tensor&, const State& y) -> State { return {y[0] * y[0]}; };
  const State y0{tensor({0.1, 0.2, 1, 0.3}, {4, 1}, f64)};
  const auto pole = odeint(blow_up, y0, {0, 0.5, 2}, {.own_steps = true});
  CHECK((pole.status == OdeStatus::dt_too_small || pole.status == OdeStatus::non_finite));
  CHECK_THAT(pole.message, Contains("row 2: ") && Contains("tensor 0, element 0") && Contains("at t = "));
  REQUIRE(pole.y.size() == 2);
  CHECK(pole.t == std::vector<double>{0, 0.5});
  CHECK(pole.y[1][0].values()[2] == Approx(2));
  CHECK(pole.grid.back() < 1.01);
  CHECK_THROWS_AS(value_or_throw(pole), SolverError);

  OdeOptions few = own("tsit5");
  few.max_steps = 60;
  const auto steps = odeint(relaxation, relaxing(rates), {0, 10}, few);
  CHECK(steps.status == OdeStatus::max_steps_reached);
  CHECK_THAT(steps.message, Contains("row 1: max_steps = 60"));
  // The limit is that of a row, not of their sum.
  const auto enough = value_or_throw(odeint(relaxation, relaxing({1, 1, 1, 1, 1}), {0, 10}, few));
  CHECK(enough.statistics.accepted + enough.statistics.rejected > 60);

  OdeOptions cheap = own("dopri5");
  cheap.max_evaluations = 50;
  const auto evaluations = odeint(relaxation, relaxing(rates), {0, 10}, cheap);
  CHECK(evaluations.status == OdeStatus::max_evaluations_reached);
  CHECK(evaluations.statistics.evaluations == 50);
  CHECK_THAT(evaluations.message, Contains("row 1: max_evaluations = 50"));

  OdeOptions coarse = own("dopri5", 1e-9);
  coarse.dt_min = 0.1;
  const auto short_steps = odeint(relaxation, relaxing(rates), {0, 10}, coarse);
  CHECK(short_steps.status == OdeStatus::dt_too_small);
  CHECK_THAT(short_steps.message, Contains("row ") && Contains("worst component: tensor 0, element 0"));

  const VectorField root = [](const Tensor&, const State& y) -> State { return {sqrt(y[0])}; };
  const auto start = odeint(root, {tensor({1, 2, 1, 1, 1, -1}, {3, 2}, f64)}, {0, 1}, {.own_steps = true});
  CHECK(start.status == OdeStatus::non_finite);
  CHECK_THAT(start.message, Contains("row 2: f is not finite: tensor 0, element 1"));
}

TEST_CASE("Nothing is solved between equal times, or of no rows") {
  const State y0 = relaxing(rates);
  const auto still = odeint(relaxation, y0, {1, 1}, own("dopri5"));
  CHECK(still.statistics.evaluations == 0);
  CHECK(numbers(still.y[1]) == numbers(y0));
  CHECK(odeint(relaxation, relaxing({}), {0, 1}, own("dopri5")).y[1][0].shape() == Shape{0, 1});
}

TEST_CASE("What rows cannot have for themselves is refused") {
  const State y0 = relaxing(rates);
  const auto refused = [&](const char* text, const std::function<void(OdeOptions&)>& change) {
    OdeOptions options = own("dopri5");
    change(options);
    INFO(text);
    CHECK_THROWS_AS(odeint(relaxation, y0, {0, 1}, options), ValueError);
    CHECK_THROWS_WITH(odeint(relaxation, y0, {0, 1}, options), Contains("own_steps") && Contains(text));
  };
  for (const std::string& method : ode_method_names())
    if (std::find(pairs.begin(), pairs.end(), method) == pairs.end())
      refused("Use one of bosh3, dopri5, tsit5, dopri8", [&](OdeOptions& o) { o.method = method; });
  const OdeEvent event{.g = [](const Tensor& t, const State&) { return t; }};
  refused("steps", [](OdeOptions& o) { o.steps = 5; });
  refused("replay", [](OdeOptions& o) { o.replay.grid = {0, 1}; });
  refused("events", [&](OdeOptions& o) { o.events = {event}; });
  refused("jump_at", [](OdeOptions& o) { o.jump_at = {0.5}; });
  refused("steady_state", [](OdeOptions& o) { o.steady_state = 1; });
  refused("non_negative", [](OdeOptions& o) { o.non_negative = {false, true}; });
  refused("on_step", [](OdeOptions& o) { o.on_step = [](const OdeStep&) { return true; }; });
  refused("dense", [](OdeOptions& o) { o.dense = true; });
  refused("per_sample", [](OdeOptions& o) { o.per_sample = false; });
  refused("controlled", [](OdeOptions& o) { o.controlled = {false, false}; });
  for (const OdeGradient gradient : {OdeGradient::checkpointed, OdeGradient::adjoint, OdeGradient::backsolve}) {
    refused("OdeGradient::direct", [&](OdeOptions& o) { o.gradient = gradient; });
    const NoGrad guard;
    OdeOptions options = own("dopri5");
    options.gradient = gradient;
    CHECK_NOTHROW(value_or_throw(odeint(relaxation, y0, {0, 1}, options)));
  }
  CHECK_THROWS_WITH(odeint(relaxation, y0, track(tensor({0, 1}, f64)), own("dopri5")), Contains("times"));
  const VectorField decay = [](const Tensor&, const State& y) -> State {
    State k;
    for (const Tensor& part : y) k.push_back(-part);
    return k;
  };
  const OdeOptions options{.own_steps = true};
  CHECK_THROWS_AS(odeint(decay, {ones({3}, f64)}, {0, 1}, options), ShapeError);
  CHECK_THROWS_AS(odeint(decay, {ones({3, 1}, f64), ones({3}, f64)}, {0, 1}, options), ShapeError);
  CHECK_THROWS_WITH(odeint(decay, {ones({3, 2}, f64), ones({4, 2}, f64)}, {0, 1}, options), Contains("same rows"));
  // A captured tensor of the batch's rows does not fit those that are left.
  const Tensor captured = tensor(rates, {5, 1}, f64);
  const VectorField capturing = [&](const Tensor& t, const State& y) {
    return relaxation(t, {y[0], captured + 0 * y[1]});
  };
  CHECK_THROWS_AS(odeint(capturing, y0, {0, 10}, own("dopri5")), ShapeError);
}

}  // namespace dimwise::ode_own_steps_tests
