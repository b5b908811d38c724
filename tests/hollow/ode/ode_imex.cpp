// Additive Runge–Kutta methods: split terms are solved with the order of the pair, and with derivatives; evaluations of
// both parts are counted; methods that do not split solve the sum.

#include <cmath>

#include "hollow/ode/odeint.hpp"
#include "hollow/ode/problems/problems.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_imex_tests {

using namespace dimwise::problems;
using Catch::Matchers::Contains;

namespace {

struct Expected {
  const char* method;
  int order;
};
constexpr Expected methods[] = {{"kencarp3", 3}, {"kencarp4", 4}, {"kencarp5", 5}};

OdeOptions exact_stages(const std::string& method) {
  return {.method = method, .implicit = {.corrector = "newton", .tolerance = 1e-8}};
}

// Kaps' problem, whose solution is (exp(−2t), exp(−t)) for any ε. The terms with 1/ε are stiff.
OdeTerm kaps(double epsilon) {
  return split_term(
      [=](const Tensor&, const State& s) {
        const Tensor x = at(s[0], 0), y = at(s[0], 1);
        return State{vec({(square(y) - x) / epsilon, zeros_like(y)})};
      },
      [](const Tensor&, const State& s) {
        const Tensor x = at(s[0], 0), y = at(s[0], 1);
        return State{vec({-2 * x, x - y - square(y)})};
      });
}

double kaps_error(const std::string& method, double epsilon, double t0, double t1, int64_t steps,
                  DType dtype = DType::float64) {
  OdeOptions options = exact_stages(method);
  if (dtype == DType::float32) options.implicit.tolerance = 0.05;
  options.steps = steps;
  const State y0 = {tensor({std::exp(-2 * t0), std::exp(-t0)}, dtype)};
  const auto s = value_or_throw(odeint(kaps(epsilon), y0, {t0, t1}, options));
  const std::vector<double> y = s.y.back()[0].values();
  return std::max(std::abs(y[0] - std::exp(-2 * t1)), std::abs(y[1] - std::exp(-t1)));
}

// Periodic advection by central differences beside diffusion: the modes are those of the Fourier series.
struct AdvectionDiffusion {
  int64_t n = 32;
  double speed = 1, diffusivity = 0.2;

  double h() const { return 2 * M_PI / static_cast<double>(n); }
  static Tensor shifted(const Tensor& u, int64_t by) {
    const int64_t n = u.dim(-1), cut = (by + n) % n;
    return concat({slice(u, -1, cut, n), slice(u, -1, 0, cut)}, -1);
  }
  State diffusion(const State& u) const {
    return {diffusivity / (h() * h()) * (shifted(u[0], 1) - 2 * u[0] + shifted(u[0], -1))};
  }
  State advection(const State& u) const { return {-speed / (2 * h()) * (shifted(u[0], 1) - shifted(u[0], -1))}; }
  Tensor exact(double t) const {
    std::vector<double> u;
    for (int64_t i = 0; i < n; ++i) {
      double sum = 0;
      for (const double k : {1.0, 3.0})
        sum += std::exp(-diffusivity * (2 - 2 * std::cos(k * h())) / (h() * h()) * t) *
               std::cos(k * h() * static_cast<double>(i) - speed * std::sin(k * h()) / h() * t);
      u.push_back(sum);
    }
    return tensor(u, DType::float64);
  }
};

double largest(const Tensor& x) { return max(abs(x)).item(); }

double slope(double coarse, double fine) { return std::log2(coarse / fine); }

// x' = a − x / ε with a' = −k a: one parameter in each part.
OdeTerm relaxation(const Tensor& epsilon, const Tensor& k) {
  return split_term(
      [=](const Tensor&, const State& s) {
        const Tensor x = at(s[0], 0);
        return State{vec({-square(x) / epsilon, zeros_like(x)})};
      },
      [=](const Tensor& t, const State& s) {
        const Tensor a = at(s[0], 1);
        return State{vec({a + sin(k * t), -k * a})};
      });
}

}  // namespace

TEST_CASE("float64: additive methods converge with their order, forwards and backwards") {
  for (const auto& [method, order] : methods)
    for (const auto& [t0, t1] : {std::pair{0.0, 2.0}, std::pair{1.0, 0.0}}) {
      INFO(method << " from " << t0 << " to " << t1);
      const int64_t n = 32;
      CHECK(slope(kaps_error(method, 1, t0, t1, n), kaps_error(method, 1, t0, t1, 2 * n)) == Approx(order).margin(0.2));
    }
}

TEST_CASE("float32: additive methods are within 1e-5 of float64") {
  for (const auto& each : methods)
    for (const auto& [t0, t1] : {std::pair{0.0, 2.0}, std::pair{1.0, 0.0}}) {
      INFO(each.method << " from " << t0 << " to " << t1);
      CHECK(kaps_error(each.method, 1, t0, t1, 64, DType::float32) < 1e-5);
    }
}

TEST_CASE("Under stiffness, additive methods have at least the order of their implicit stages") {
  for (const auto& [method, order] : methods) {
    INFO(method);
    const double coarse = kaps_error(method, 1e-6, 0, 1, 20), fine = kaps_error(method, 1e-6, 0, 1, 40);
    CHECK(fine < 1e-4);
    CHECK(slope(coarse, fine) > 1.8);
    // Prothero and Robinson's problem with its slope as the non-stiff part.
    const auto error = [&, name = method](int64_t steps) {
      const OdeTerm term = split_term([](const Tensor& t, const State& y) { return State{-1e4 * (y[0] - cos(t))}; },
                                      [](const Tensor& t, const State& y) { return State{-sin(t) + 0 * y[0]}; });
      OdeOptions options = exact_stages(name);
      options.steps = steps;
      const auto s = value_or_throw(odeint(term, {scalar(1, DType::float64)}, {0, 5}, options));
      return std::abs(s.y.back()[0].item() - std::cos(5.0));
    };
    INFO(error(40) << ", " << error(80) << ", " << error(160));
    CHECK(error(40) < 1e-3);
    CHECK(slope(error(40), error(160)) / 2 > 1.8);
  }
}

TEST_CASE("Advection beside diffusion is solved to the tolerance, at all outputs, and the dense output too") {
  const AdvectionDiffusion p;
  const OdeTerm term = split_term([&](const Tensor&, const State& u) { return p.diffusion(u); },
                                  [&](const Tensor&, const State& u) { return p.advection(u); });
  for (const auto& each : methods)
    for (const double rtol : {1e-4, 1e-7}) {
      INFO(each.method << " with rtol " << rtol);
      std::vector<double> times{0};
      for (int i = 1; i <= 40; ++i) times.push_back(0.05 * i);
      const auto s = value_or_throw(
          odeint(term, {p.exact(0)}, times, {.method = each.method, .rtol = rtol, .atol = rtol, .dense = true}));
      for (size_t i = 0; i < times.size(); ++i) CHECK(largest(s.y[i][0] - p.exact(times[i])) < 20 * rtol);
      for (const double t : {0.013, 0.777, 1.99}) CHECK(largest(s.at(t)[0] - p.exact(t)) < 20 * rtol);
    }
}

TEST_CASE("Evaluations of both parts are counted, and neither passes the limit") {
  const AdvectionDiffusion p;
  int64_t stiff = 0, nonstiff = 0;
  const auto f = [&](const Tensor&, const State& u) {
    ++stiff;
    return p.diffusion(u);
  };
  Tensor matrix;
  {
    const Tensor u = track(zeros({p.n}, DType::float64));
    matrix = jacobian([&](const Tensor& x) { return p.diffusion({x})[0]; }, u);
  }
  int64_t given = 0;
  const OdeTerm known(f, nullptr, [&](const Tensor&, const State&) {
    ++given;
    return matrix;
  });
  const OdeTerm term = split_term(known, [&](const Tensor&, const State& u) {
    ++nonstiff;
    return p.advection(u);
  });
  const NoGrad guard;
  for (const char* method : {"kencarp3", "kencarp4", "kencarp5", "dopri5", "abm"}) {
    INFO(method);
    stiff = nonstiff = given = 0;
    const auto s = odeint(term, {p.exact(0)}, {0, 0.3, 1}, {.method = method});
    CHECK(s.status == OdeStatus::success);
    CHECK(s.statistics.evaluations == stiff);
    CHECK(s.statistics.nonstiff_evaluations == nonstiff);
    CHECK(s.statistics.jacobians == given);
    CHECK(nonstiff > 0);
    if (is_imex(method)) CHECK(nonstiff <= stiff);
    for (const int64_t limit : {1, 2, 7, 40}) {
      stiff = nonstiff = 0;
      CHECK(odeint(term, {p.exact(0)}, {0, 0.3, 1}, {.method = method, .max_evaluations = limit}).status ==
            OdeStatus::max_evaluations_reached);
      CHECK(std::max(stiff, nonstiff) <= limit);
    }
  }
}

TEST_CASE("The non-stiff part is evaluated half as often as the whole, whose Jacobian is not needed") {
  const OdeProblem whole = ode_problem("burgers"), split = ode_problem("burgers-split");
  for (const auto& each : methods) {
    INFO(each.method);
    const OdeOptions options{.method = each.method, .rtol = 1e-5, .atol = 1e-5, .implicit = {.corrector = "newton"}};
    const auto a = value_or_throw(odeint(split.term, split.y0, split.times, options));
    const auto b = value_or_throw(odeint(whole.term, whole.y0, whole.times, options));
    CHECK(relative_error(a.y.back()[0], b.y.back()[0].values()) < 5e-4);
    CHECK(a.statistics.nonstiff_evaluations < 0.6 * static_cast<double>(a.statistics.evaluations));
    CHECK(a.statistics.nonstiff_evaluations < 1.1 * static_cast<double>(b.statistics.evaluations));
  }
}

TEST_CASE("Only some methods split, and the others solve the sum as if it were given") {
  const OdeTerm split = kaps(0.01);
  const OdeTerm sum([&](const Tensor& t, const State& y) { return split(t, y); });
  const std::vector<std::string> additive{"kencarp3", "kencarp4", "kencarp5"};
  for (const std::string& method : ode_method_names()) {
    INFO(method);
    CHECK(is_imex(method) == (std::find(additive.begin(), additive.end(), method) != additive.end()));
    const OdeOptions options{.method = method, .dt = is_adaptive(method) ? 0 : 0.005};
    const auto a = value_or_throw(odeint(split, start({1, 1}), {0, 0.5, 1}, options));
    const auto b = value_or_throw(odeint(sum, start({1, 1}), {0, 0.5, 1}, options));
    CHECK(b.statistics.nonstiff_evaluations == 0);
    if (is_imex(method)) {
      CHECK(relative_error(a.y[1][0], b.y[1][0].values()) < 1e-5);
      continue;
    }
    CHECK(a.statistics.evaluations == b.statistics.evaluations);
    CHECK(a.statistics.nonstiff_evaluations == a.statistics.evaluations);
    for (size_t i = 0; i < 3; ++i) CHECK(a.y[i][0].values() == b.y[i][0].values());
  }
}

TEST_CASE("A term without a split is solved by additive methods as by their implicit one") {
  const OdeTerm split = split_term(
      [](const Tensor&, const State& y) {
        const Tensor x = at(y[0], 0), v = at(y[0], 1);
        return State{vec({v, 20 * (1 - square(x)) * v - x})};
      },
      [](const Tensor&, const State& y) { return State{zeros_like(y[0])}; });
  for (const auto& each : methods) {
    INFO(each.method);
    OdeOptions options = exact_stages(each.method);
    options.steps = 200;
    const auto a = value_or_throw(odeint(split, start({2, 0}), {0, 1}, options));
    const auto b = value_or_throw(odeint(split.f, start({2, 0}), {0, 1}, options));
    CHECK(relative_error(a.y[1][0], b.y[1][0].values()) < 1e-9);
  }
}

TEST_CASE("All correctors solve the stiff part, with its own diagonal, also in rows") {
  const OdeTerm both([](const Tensor&, const State& y) { return State{-1000 * (y[0] - 0.01 * sin(y[0]))}; },
                     [](const Tensor&, const State& y) -> ValueAndDiagonal {
                       return {{-1000 * (y[0] - 0.01 * sin(y[0]))}, {-1000 * (1 - 0.01 * cos(y[0]))}};
                     });
  // The non-stiff part couples the rows: the stiff one does not.
  const OdeTerm term =
      split_term(both, [](const Tensor& t, const State& y) { return State{5 * cos(t) + 0 * y[0] + 0.5 * sum(y[0])}; });
  const State y0{tensor({1, 0.5, 0, -1, 2, 0.3}, {3, 2}, DType::float64)};
  const auto reference = value_or_throw(odeint(term, y0, {0, 1}, {.method = "radau5", .rtol = 1e-10, .atol = 1e-10}));
  for (const auto& each : methods)
    for (const std::string& corrector : corrector_names()) {
      if (corrector == "functional") continue;
      INFO(each.method << " by " << corrector);
      const auto s = value_or_throw(odeint(
          term, y0, {0, 1}, {.method = each.method, .rtol = 1e-4, .atol = 1e-5, .implicit = {.corrector = corrector}}));
      CHECK(largest(s.y[1][0] - reference.y[1][0]) < 3e-5);
      if (corrector == "automatic") CHECK(s.statistics.corrector == "jacobi_newton");
      CHECK(s.statistics.accepted < 200);
    }
}

TEST_CASE("The sparsity of the stiff part serves its equations, and the whole is solved without it") {
  const AdvectionDiffusion p;
  std::vector<int64_t> rows, columns;
  for (int64_t i = 0; i < p.n; ++i)
    for (const int64_t j : {(i + p.n - 1) % p.n, i, (i + 1) % p.n}) {
      rows.push_back(i);
      columns.push_back(j);
    }
  OdeTerm diffusion([&](const Tensor&, const State& u) { return p.diffusion(u); });
  diffusion.sparsity = SparsityPattern(p.n, rows, columns);
  // The non-stiff part couples all points: the pattern is not that of the sum.
  const OdeTerm term =
      split_term(diffusion, [&](const Tensor&, const State& u) { return State{p.advection(u)[0] - 0.1 * mean(u[0])}; });
  for (const char* method : {"kencarp4", "bdf"}) {
    INFO(method);
    const auto s =
        value_or_throw(odeint(term, {p.exact(0)}, {0, 1}, {.method = method, .implicit = {.corrector = "newton"}}));
    CHECK(largest(s.y[1][0] - p.exact(1)) < 1e-4);
    CHECK(s.statistics.jacobians > 0);
    CHECK((s.statistics.products > 0) == is_imex(method));
    CHECK(s.statistics.products <= 6 * s.statistics.jacobians);
  }
}

TEST_CASE("Quadratures, several tensors and plain loops work in both parts") {
  const OdeTerm term = split_term(
      [](const Tensor&, const State& s) {
        return State{-50 * s[0], s[0]};
      },
      [](const Tensor& t, const State& s) {
        return State{50 * cos(t) + 0 * s[0], square(s[0])};
      });
  const OdeTerm loops = split_term(
      [](const Tensor&, const State& s) {
        return State{tensor({-50 * s[0].item()}, DType::float64), tensor({s[0].item()}, DType::float64)};
      },
      [](const Tensor& t, const State& s) {
        return State{tensor({50 * std::cos(t.item())}, DType::float64),
                     tensor({s[0].item() * s[0].item()}, DType::float64)};
      });
  const State y0{tensor({1}, DType::float64), tensor({0}, DType::float64)};
  const auto reference = value_or_throw(odeint(term, y0, {0, 2}, {.method = "dopri8", .rtol = 1e-11, .atol = 1e-11}));
  for (const auto& each : methods)
    for (const bool quadrature : {false, true})
      for (const OdeTerm* solved : {&term, &loops}) {
        INFO(each.method << ", quadrature: " << quadrature);
        OdeOptions options{.method = each.method, .rtol = 1e-7, .atol = 1e-7};
        if (quadrature) options.quadratures = {false, true};
        const auto s = value_or_throw(odeint(*solved, y0, {0, 2}, options));
        for (size_t i = 0; i < 2; ++i) CHECK(relative_error(s.y[1][i], reference.y[1][i].values()) < 3e-6);
      }
}

TEST_CASE("Invalid parts are refused by all methods, and a NaN in either is a status") {
  const VectorField good = [](const Tensor&, const State& y) { return State{-y[0]}; };
  const auto bad = [&](const VectorField& nonstiff, auto matcher) {
    for (const char* method : {"kencarp4", "bdf", "dopri5"})
      CHECK_THROWS_WITH(odeint(split_term(good, nonstiff), start({1, 2}), {0, 1}, {.method = method}), matcher);
  };
  bad([](const Tensor&, const State&) { return State{zeros({1}, DType::float64)}; },
      Contains("nonstiff returned shape"));
  bad([](const Tensor&, const State&) { return State{}; }, Contains("nonstiff returned 0 tensors"));
  bad([](const Tensor&, const State&) { return State{zeros({2})}; }, Contains("nonstiff returned float32"));
  CHECK_THROWS_WITH(split_term(good, nullptr), Contains("no function nonstiff"));
  CHECK_THROWS_WITH(split_term(split_term(good, good), good), Contains("split already"));
  for (const auto& each : methods) {
    INFO(each.method);
    const auto from = [&](double nan) {
      return odeint(split_term(good, [=](const Tensor& t,
                                         const State& y) { return State{t.item() >= nan ? y[0] * NAN : -y[0]}; }),
                    start({1, 2}), {0, 1}, {.method = each.method});
    };
    CHECK(from(0).status == OdeStatus::non_finite);
    const auto later = from(0.5);
    CHECK(later.status != OdeStatus::success);
    CHECK(later.grid.back() < 0.5);
  }
}

TEST_CASE("Replayed steps repeat a split solution, and events are found in it") {
  const OdeTerm term = kaps(1e-3);
  for (const auto& each : methods) {
    INFO(each.method);
    OdeOptions options{.method = each.method, .implicit = {.tolerance = 1e-8}};
    const auto s = value_or_throw(odeint(term, start({1, 1}), {0, 1}, options));
    options.replay = {s.grid, s.orders};
    const auto again = value_or_throw(odeint(term, start({1, 1}), {0, 1}, options));
    CHECK(relative_error(again.y[1][0], s.y[1][0].values()) < 1e-9);
    options.replay = {};
    options.events = {{.g = [](const Tensor&, const State& y) { return at(y[0], 1) - 0.5; }, .terminal = true}};
    const auto until = value_or_throw(odeint(term, start({1, 1}), {0, 1}, options));
    CHECK(until.t.back() == Approx(std::log(2.0)).epsilon(1e-5));
  }
}

TEST_CASE("Gradients of a split solution are those of its steps in all modes, with respect to both parts") {
  const auto loss = [](const OdeSolution& s) {
    Tensor sum_of = scalar(0, DType::float64);
    for (const State& y : s.y) sum_of = sum_of + sum(square(y[0]) * tensor({1, 3}, DType::float64));
    return sum_of;
  };
  const std::vector<double> times{0, 0.3, 0.7, 1};
  for (const auto& each : methods) {
    // With the steps replayed, differences of the loss.
    OdeOptions options{.method = each.method, .rtol = 1e-6, .atol = 1e-6, .implicit = {.tolerance = 1e-9}};
    const std::vector<double> p0{0.05, 2, 1, 0.6};
    const auto solve = [&](const std::vector<Tensor>& p) {
      return value_or_throw(odeint(relaxation(p[0], p[1]), {vec({p[2], p[3]})}, times, options));
    };
    const auto leaves = [&](const std::vector<double>& values) {
      std::vector<Tensor> all;
      for (const double v : values) all.push_back(track(scalar(v, DType::float64)));
      return all;
    };
    {
      const NoGrad guard;
      options.replay.grid = solve(leaves(p0)).grid;
    }
    std::vector<double> expected;
    for (size_t i = 0; i < 4; ++i) {
      const NoGrad guard;
      const double step = 1e-5;
      std::vector<double> up = p0, down = p0;
      up[i] += step;
      down[i] -= step;
      expected.push_back((loss(solve(leaves(up))) - loss(solve(leaves(down)))).item() / (2 * step));
    }
    for (const OdeGradient gradient : all_gradients) {
      const bool discrete = gradient == OdeGradient::direct || gradient == OdeGradient::checkpointed;
      INFO(each.method << ", mode " << static_cast<int>(gradient));
      options.gradient = gradient;
      options.rtol = options.atol = discrete ? 1e-6 : 1e-9;
      StepSchedule steps = options.replay;
      if (!discrete) options.replay = {};
      const std::vector<Tensor> p = leaves(p0);
      const auto s = solve(p);
      const auto g = grad(loss(s), p);
      options.replay = steps;
      for (size_t i = 0; i < 4; ++i)
        CHECK(g[i].item() == Approx(expected[i]).epsilon(discrete ? 1e-7 : 5e-5).margin(1e-8));
      if (!discrete) {
        CHECK(s.adjoint->nonstiff_evaluations > 0);
        CHECK(s.adjoint->nonstiff_evaluations != s.adjoint->evaluations);
      }
    }
  }
}

TEST_CASE("A parameter of the non-stiff part alone, and an untracked non-stiff part, have right gradients") {
  // y' = −y/ε + c, so that ∂y/∂c = ε (1 − exp(−t/ε)).
  const double epsilon = 0.02;
  for (const auto& each : methods)
    for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::checkpointed, OdeGradient::adjoint}) {
      INFO(each.method << ", mode " << static_cast<int>(gradient));
      const OdeOptions options{
          .method = each.method, .rtol = 1e-8, .atol = 1e-8, .max_steps = 100000, .gradient = gradient};
      const VectorField stiff = [=](const Tensor&, const State& y) { return State{y[0] / -epsilon}; };
      const Tensor c = track(tensor({1.5}, DType::float64));
      const auto s = value_or_throw(odeint(split_term(stiff, [=](const Tensor&, const State&) { return State{c}; }),
                                           {zeros({1}, DType::float64)}, {0, 1}, options));
      CHECK(grad(sum(s.y[1][0]), c).item() == Approx(epsilon).epsilon(1e-5));
      const Tensor y0 = track(tensor({2.0}, DType::float64));
      const auto forced = value_or_throw(
          odeint(split_term(stiff, [](const Tensor& t, const State&) { return State{reshape(cos(t), {1})}; }), {y0},
                 {0, 0.02}, options));
      CHECK(grad(sum(forced.y[1][0]), y0).item() == Approx(std::exp(-1.0)).epsilon(1e-5));
    }
}

TEST_CASE("The adjoint of a split term by a method that does not split is that of the sum") {
  const Tensor k = track(scalar(2, DType::float64)), epsilon = track(scalar(0.05, DType::float64));
  const State y0 = start({1, 0.6});
  std::vector<std::vector<double>> gradients;
  for (const char* backward : {"", "bdf", "dopri5"}) {
    const auto s = value_or_throw(odeint(relaxation(epsilon, k), y0, {0, 1},
                                         {.method = "kencarp4",
                                          .rtol = 1e-8,
                                          .atol = 1e-8,
                                          .max_steps = 100000,
                                          .gradient = OdeGradient::adjoint,
                                          .adjoint = {.method = backward}}));
    const auto g = grad(sum(s.y[1][0]), {k, epsilon});
    gradients.push_back({g[0].item(), g[1].item()});
    CHECK((s.adjoint->nonstiff_evaluations == 0) == (*backward != 0));
  }
  for (size_t i = 1; i < 3; ++i)
    for (size_t j = 0; j < 2; ++j) CHECK(gradients[i][j] == Approx(gradients[0][j]).epsilon(1e-5));
}

TEST_CASE("Times of events and of the solve have gradients of the whole right-hand side") {
  const OdeTerm term = kaps(0.1);
  for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::checkpointed, OdeGradient::adjoint}) {
    const Tensor times = track(tensor({0, 0.8}, DType::float64));
    OdeOptions options{.method = "kencarp5", .rtol = 1e-8, .atol = 1e-8, .gradient = gradient};
    const auto s = value_or_throw(odeint(term, start({1, 1}), times, options));
    CHECK(grad(at(s.y[1][0], 1), times).values()[1] == Approx(-std::exp(-0.8)).epsilon(1e-5));
    CHECK(grad(at(s.y[1][0], 0), times).values()[1] == Approx(-2 * std::exp(-1.6)).epsilon(1e-5));
    const Tensor level = track(scalar(0.5, DType::float64));
    options.events = {{.g = [=](const Tensor&, const State& y) { return at(y[0], 1) - level; }, .terminal = true}};
    const auto e = value_or_throw(odeint(term, start({1, 1}), {0, 1}, options));
    CHECK(grad(e.events.at(0).time, level).item() == Approx(-2).epsilon(1e-5));
  }
}

}  // namespace dimwise::ode_imex_tests
