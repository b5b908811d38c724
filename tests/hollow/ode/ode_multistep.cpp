// Adams and BDF: the order of each, exactness on polynomials with uneven steps, correctors, control.

#include <algorithm>
#include <cmath>
#include <map>

#include "hollow/ode/methods/multistep.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_multistep_tests {

using namespace dimwise::problems;

namespace {

// y' = a (sin wt − y) + w cos wt, with solution sin wt + e^−at, whose derivatives of any order are known.
constexpr double a = 0.2, w = 3;
State forced(const Tensor& t, const State& y) {
  const DType dtype = y[0].dtype();
  return {a * (astype(sin(w * t), dtype) - y[0]) + w * astype(cos(w * t), dtype)};
}
double derivative(int j, double t) {
  const double wave[4] = {std::sin(w * t), std::cos(w * t), -std::sin(w * t), -std::cos(w * t)};
  return std::pow(w, j) * wave[j % 4] + std::pow(-a, j) * std::exp(-a * t);
}

// The exact z_j = h^j y^(j)/j! of order q.
ode::Nordsieck exact_history(double t, double h, int q, DType dtype) {
  ode::Nordsieck z;
  double scale = 1;
  for (int j = 0; j <= q; ++j) {
    z.push_back({scalar(scale * derivative(j, t), dtype)});
    scale *= h / (j + 1);
  }
  return z;
}

// The largest error over n equal steps of one order, from an exact history.
double largest_error(const ode::MultistepFamily& family, int order, double t0, double t1, int n, DType dtype) {
  const double h = (t1 - t0) / n;
  const OdeOptions options{
      .method = family.name, .rtol = 1e-12, .atol = 1e-12, .implicit = {.corrector = "newton", .tolerance = 1e-8}};
  const auto z = exact_history(t0, h, order, dtype);
  const auto system = std::make_shared<ode::System>(OdeTerm(forced), z[0], options);
  ode::Multistep method(family, system, t0, z, h);
  double worst = 0;
  for (int i = 1; i <= n; ++i) {
    method.prescribe(order);
    method.accept(method.attempt(i == n ? t1 : t0 + i * h, false));
    worst = std::max(worst, std::abs(method.y()[0].item() - derivative(0, method.t())));
  }
  return worst;
}

const VectorField van_der_pol = [](const Tensor&, const State& s) -> State {
  const Tensor x = at(s[0], 0), v = at(s[0], 1);
  return {vec({v, 100 * (1 - x * x) * v - x})};
};
OdeTerm van_der_pol_term() {
  return {van_der_pol, [](const Tensor& t, const State& s) -> ValueAndDiagonal {
            const Tensor x = at(s[0], 0);
            return {van_der_pol(t, s), {vec({zeros_like(x), 100 * (1 - x * x)})}};
          }};
}

}  // namespace

TEST_CASE("Every order of every family converges with its order from exact history, forwards and backwards") {
  for (const ode::MultistepFamily* family : ode::multistep_families())
    for (int order = 1; order <= family->max_order; ++order)
      for (const auto& [t0, t1] : {std::pair{0.3, 2.3}, std::pair{2.3, 0.3}}) {
        if (t1 < t0 && family->stiff && order > 2) continue;  // unstable backwards: y' = +y there
        const int n = order <= 2 ? 4096 : order <= 4 ? 512 : order <= 6 ? 128 : order <= 8 ? 48 : order <= 10 ? 40 : 30;
        // Beyond order 8 the difference for half the step is lost in rounding.
        const int more = order <= 8 ? 2 * n : 3 * n / 2;
        const double coarse = largest_error(*family, order, t0, t1, n, DType::float64);
        const double fine = largest_error(*family, order, t0, t1, more, DType::float64);
        INFO(family->name << " of order " << order << " from " << t0 << ": " << coarse << ", " << fine);
        CHECK(std::log(coarse / fine) / std::log(static_cast<double>(more) / n) ==
              Approx(order).margin(order <= 6 ? 0.15 : 0.5));
      }
}

TEST_CASE("float32: orders 1 and 2 converge with their order, and all are within 1e-5 of float64") {
  for (const ode::MultistepFamily* family : ode::multistep_families())
    for (int order = 1; order <= family->max_order; ++order) {
      INFO(family->name << " of order " << order);
      if (order <= 2) {
        const int n = order == 1 ? 256 : 64;
        const double coarse = largest_error(*family, order, 0.3, 2.3, n, DType::float32);
        CHECK(std::log2(coarse / largest_error(*family, order, 0.3, 2.3, 2 * n, DType::float32)) ==
              Approx(order).margin(0.15));
      }
      const double low = largest_error(*family, order, 0.3, 2.3, 64, DType::float32);
      const double high = largest_error(*family, order, 0.3, 2.3, 64, DType::float64);
      CHECK(std::abs(low - high) < 1e-5);
    }
}

TEST_CASE("Polynomials of a method's degree are solved exactly, with arbitrary steps") {
  const double steps[] = {0.1, 0.15, 0.12, 0.2, 0.3, 0.25, 0.1, 0.07, 0.2, 0.4};
  for (const ode::MultistepFamily* family : ode::multistep_families())
    for (int order = 1; order <= family->max_order; ++order)
      for (const double direction : {1.0, -1.0}) {
        INFO(family->name << " of order " << order);
        const auto p = [&](double t) { return std::pow(t, order); };
        const VectorField f = [&](const Tensor& t, const State&) -> State { return {order * pow(t, order - 1.0)}; };
        // y^(j)/j! of t^order is binomial(order, j) t^(order − j).
        double t = direction * 1.5;
        const double h = direction * steps[0];
        ode::Nordsieck z;
        double binomial = 1;
        for (int j = 0; j <= order; ++j) {
          z.push_back({scalar(binomial * std::pow(t, order - j) * std::pow(h, j), DType::float64)});
          binomial = binomial * (order - j) / (j + 1);
        }
        const auto system = std::make_shared<ode::System>(
            OdeTerm(f), z[0], OdeOptions{.method = family->name, .implicit = {.corrector = "functional"}});
        ode::Multistep method(*family, system, t, z, h);
        for (const double step : steps) {
          method.prescribe(order);
          t += direction * step;
          method.accept(method.attempt(t, false));
          CHECK(method.y()[0].item() == Approx(p(t)).epsilon(1e-11));
        }
        const double between = t - direction * 0.15;
        CHECK(method.interpolant().at(between)[0].item() == Approx(p(between)).epsilon(1e-11));
      }
}

TEST_CASE("Lowering the order keeps the values that the lower order uses") {
  const ode::Past past{1, 1.8, 3.1, 3.9, 5.5, 6, 7.2, 8.8, 9.1, 10, 11};
  const auto value = [](const std::vector<double>& p, double x) {
    double sum = 0;
    for (size_t i = p.size(); i-- > 0;) sum = sum * x + p[i];
    return sum;
  };
  for (const ode::MultistepFamily* family : ode::multistep_families())
    for (int order = 3; order <= family->max_order; ++order) {
      INFO(family->name << " of order " << order);
      const std::vector<double> p = family->lower(order, past);
      REQUIRE(p.size() == static_cast<size_t>(order) + 1);
      CHECK(p.back() == Approx(1));
      CHECK(p[0] == 0);
      CHECK(p[1] == 0);
      std::vector<double> kept = p;  // BDF uses values, Adams derivatives
      if (!family->stiff) {
        kept.clear();
        for (size_t i = 1; i < p.size(); ++i) kept.push_back(static_cast<double>(i) * p[i]);
      }
      for (int j = 0; j < order - 2; ++j) {
        const double x = past[static_cast<size_t>(j)];
        CHECK(value(kept, -x) == Approx(0).margin(1e-9 * value(kept, x)));
      }
    }
}

TEST_CASE("Raising the order of BDF makes the polynomial pass through one more of the last solutions") {
  // The step's correction moved the polynomial off that solution by l(−ξ)·e; the added term moves it back.
  const ode::Past past{1, 1.8, 3.1, 3.9, 5.5, 6};
  const auto value = [](const std::vector<double>& p, double x) {
    double sum = 0;
    for (size_t i = p.size(); i-- > 0;) sum = sum * x + p[i];
    return sum;
  };
  for (int order = 1; order < 5; ++order) {
    const double xi = past[static_cast<size_t>(order) - 1];
    const std::vector<double> l = ode::bdf_family().step(order, past).l, added = ode::bdf_family().raise(order, past);
    INFO("order " << order);
    REQUIRE(added.size() == static_cast<size_t>(order) + 2);
    CHECK(value(added, -xi) == Approx(-value(l, -xi)).margin(1e-12));
    for (int j = 0; j + 1 < order; ++j) CHECK(value(added, -past[static_cast<size_t>(j)]) == Approx(0).margin(1e-12));
  }
}

TEST_CASE("All correctors give the same solution, within the tolerance") {
  const State y0 = start({2, 0});
  const auto reference = value_or_throw(
      odeint(van_der_pol, y0, {0, 100}, {.method = "dopri8", .rtol = 1e-11, .atol = 1e-12, .max_steps = 1000000}));
  for (const char* method : {"adams", "bdf"})
    for (const std::string& corrector : corrector_names()) {
      const auto s = odeint(
          van_der_pol_term(), y0, {0, 100},
          {.method = method, .rtol = 1e-7, .atol = 1e-9, .max_steps = 1000000, .implicit = {.corrector = corrector}});
      INFO(method << " with " << corrector << ": " << s.message);
      REQUIRE(s.status == OdeStatus::success);
      CHECK(relative_error(s.y.back()[0], reference.y.back()[0].values()) < 2e-5);
      if (corrector == "functional") continue;
      CHECK(s.statistics.evaluations < 4000);
      CHECK((s.statistics.diagonals > 0 || corrector == "newton"));
      CHECK((s.statistics.jacobians > 0) == (s.statistics.corrector == "newton"));
      CHECK((s.statistics.products > 0) == (corrector == "newton_krylov" || corrector == "automatic"));
    }
}

TEST_CASE("Jacobi-Newton needs a hundredth of functional iteration's evaluations if the diagonal dominates") {
  const int64_t d = 40;
  std::vector<double> rates;
  for (int64_t i = 0; i < d; ++i) rates.push_back(std::pow(10, 4.0 * static_cast<double>(i) / (d - 1)));
  const Tensor rate = tensor(rates, DType::float64);
  const auto f = [&](const Tensor& t, const State& s) -> State {
    return {rate * (cos(t) - s[0]) + 0.3 * sum(sin(s[0]), {-1}, true) / static_cast<double>(d)};
  };
  const OdeTerm term(f, [&](const Tensor& t, const State& s) -> ValueAndDiagonal {
    return {f(t, s), {0.3 / static_cast<double>(d) * cos(s[0]) - rate}};
  });
  const State y0{full({d}, 0.5, DType::float64)};
  std::map<std::string, int64_t> evaluations;
  std::map<std::string, std::vector<double>> ends;
  for (const char* corrector : {"functional", "jacobi_newton", "newton", "automatic"}) {
    const auto s =
        odeint(term, y0, {0, 2}, {.method = "bdf", .max_steps = 1000000, .implicit = {.corrector = corrector}});
    REQUIRE(s.status == OdeStatus::success);
    evaluations[corrector] = s.statistics.evaluations;
    ends[corrector] = s.y.back()[0].values();
    if (std::string(corrector) == "automatic") CHECK(s.statistics.corrector == "jacobi_newton");
  }
  CHECK(evaluations["jacobi_newton"] * 100 < evaluations["functional"]);
  CHECK(evaluations["jacobi_newton"] <= evaluations["newton"] * 5 / 4);
  const auto exact =
      value_or_throw(odeint(term, y0, {0, 2}, {.method = "bdf", .rtol = 1e-11, .atol = 1e-13, .max_steps = 100000}));
  for (const auto& [corrector, end] : ends) {
    INFO(corrector);
    CHECK(relative_error(exact.y.back()[0], end) < 1e-4);
  }
}

TEST_CASE("If the diagonal is useless, automatic detects it and falls back") {
  // A stiff rotation: its diagonal is 0.
  const VectorField f = [](const Tensor& t, const State& s) -> State {
    const Tensor x = at(s[0], 0) - cos(t), y = at(s[0], 1);
    return {vec({-1000 * x + 1000 * y - sin(t), -1000 * x - 1000 * y})};
  };
  const OdeTerm term(f, [&](const Tensor& t, const State& s) -> ValueAndDiagonal {
    return {f(t, s), {full({2}, -1000, DType::float64)}};
  });
  const auto s = value_or_throw(odeint(term, start({1, 0}), {0, 10}, {.method = "bdf"}));
  CHECK(s.statistics.corrector == "newton");
  CHECK(s.statistics.evaluations < 600);
  CHECK(s.y.back()[0].values()[0] == Approx(std::cos(10.0)).margin(1e-4));
  const auto alone = odeint(term, start({1, 0}), {0, 10},
                            {.method = "bdf", .max_evaluations = 3000, .implicit = {.corrector = "jacobi_newton"}});
  CHECK(alone.statistics.evaluations > 2 * s.statistics.evaluations);
}

TEST_CASE(
    "Replaying grid and orders gives the same solution: explicit methods bit for bit, implicit to the corrector's "
    "tolerance") {
  for (const char* method : {"abm", "adams", "bdf"})
    for (const double end : {60.0, -0.01}) {
      const std::vector<double> times{0, 0.3 * end, end};
      OdeOptions options{
          .method = method, .rtol = 1e-4, .atol = 1e-6, .max_steps = 100000, .implicit = {.tolerance = 1e-7}};
      const auto first = value_or_throw(odeint(van_der_pol_term(), start({2, 0}), times, options));
      options.replay = {first.grid, first.orders};
      const auto again = value_or_throw(odeint(van_der_pol_term(), start({2, 0}), times, options));
      INFO(method << ", " << first.statistics.rejected << " rejected");
      CHECK(first.statistics.rejected > 0);
      for (size_t i = 0; i < times.size(); ++i) {
        if (!is_implicit(method)) CHECK(again.y[i][0].values() == first.y[i][0].values());
        CHECK(relative_error(again.y[i][0], first.y[i][0].values()) < 1e-9);
      }
      CHECK(again.orders == first.orders);
      CHECK(again.statistics.rejected == 0);
    }
}

TEST_CASE("A restart after failures is replayed too") {
  // After t = 1, which a step hits, f is discontinuous, so the history is useless.
  const VectorField f = [](const Tensor& t, const State& y) -> State {
    return {t.item() <= 1 ? 0 * y[0] : 1e7 * cos(1e3 * t) + 0 * y[0]};
  };
  OdeOptions options{.method = "adams",
                     .rtol = 1e-6,
                     .atol = 1e-6,
                     .dt = 0.125,
                     .dt_max = 0.125,
                     .max_steps = 100000,
                     .implicit = {.tolerance = 1e-7},
                     .max_order = 2};
  const auto first = value_or_throw(odeint(f, start({1}), {0, 1.05}, options));
  CHECK(std::any_of(first.orders.begin(), first.orders.end(), [](int order) { return order < 0; }));
  options.replay.grid = first.grid;
  options.replay.orders = first.orders;
  const auto again = value_or_throw(odeint(f, start({1}), {0, 1.05}, options));
  CHECK(again.orders == first.orders);
  CHECK(relative_error(again.y.back()[0], first.y.back()[0].values()) < 1e-9);
}

TEST_CASE("Quadratures are not part of the implicit equation and keep their accuracy") {
  const auto both = [](const Tensor& t, const State& y) -> ValueAndDiagonal {
    return {{-200 * (y[0] - cos(t)), sum(square(y[0]), {-1})}, {full(y[0].shape(), -200, DType::float64), Tensor()}};
  };
  const OdeTerm term([&](const Tensor& t, const State& y) { return both(t, y).f; }, both);
  const State y0{full({3, 2}, 1, DType::float64), zeros({3}, DType::float64)};
  const auto exact = value_or_throw(odeint(term, y0, {0, 3}, {.method = "dopri8", .rtol = 1e-11, .atol = 1e-11}));
  for (const char* method : {"adams", "bdf"})
    for (const char* corrector : {"jacobi_newton", "newton", "newton_krylov"}) {
      const auto s = value_or_throw(odeint(term, y0, {0, 3},
                                           {.method = method,
                                            .rtol = 1e-7,
                                            .atol = 1e-8,
                                            .quadratures = {false, true},
                                            .implicit = {.corrector = corrector}}));
      CHECK(relative_error(s.y.back()[0], exact.y.back()[0].values()) < 1e-5);
      CHECK(relative_error(s.y.back()[1], exact.y.back()[1].values()) < 1e-5);
    }
}

}  // namespace dimwise::ode_multistep_tests
