// M y' = f(t, y) with a constant M: finite elements, and differential–algebraic equations.
#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "hollow/solve/linear/lu.hpp"
#include "ops/index.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/lattices.hpp"

namespace dimwise::ode_mass_tests {

using namespace dimwise::problems;
using Catch::Matchers::Contains;
using lattices::off;

namespace {

const std::vector<std::string> methods{"bdf", "radau5"};
constexpr DType f64 = DType::float64;
constexpr double pi = 3.14159265358979323846;

OdeOptions tolerance(const std::string& method, double rtol, const std::string& corrector = "automatic") {
  return {.method = method, .rtol = rtol, .atol = rtol, .max_steps = 100000, .implicit = {.corrector = corrector}};
}

// Heat on a rod of n inner points by linear finite elements: tridiagonal M and K, M u' = −K u.
struct Rod {
  int64_t n;
  double h = 1.0 / static_cast<double>(n + 1);
  SparsityPattern band = SparsityPattern::banded(n, 1, 1);

  SparseMatrix tridiagonal(double side, double middle, DType dtype) const {
    std::vector<double> values;
    const std::vector<int64_t> rows = band.rows();
    for (size_t k = 0; k < rows.size(); ++k) values.push_back(rows[k] == band.columns()[k] ? middle : side);
    return {band, tensor(values, dtype)};
  }
  SparseMatrix mass(DType dtype = f64) const { return tridiagonal(h / 6, 4 * h / 6, dtype); }
  SparseMatrix stiffness(DType dtype = f64) const { return tridiagonal(-1 / h, 2 / h, dtype); }
  OdeTerm term(DType dtype = f64) const {
    OdeTerm term([k = stiffness(dtype)](const Tensor&, const State& u) { return State{-k.times(u[0])}; });
    term.mass = mass(dtype);
    return term;
  }
  // sin(k π x) and its rate of decay.
  Tensor mode(int64_t k, DType dtype = f64) const {
    std::vector<double> u;
    for (int64_t i = 1; i <= n; ++i) u.push_back(std::sin(static_cast<double>(k * i) * pi * h));
    return tensor(u, dtype);
  }
  double rate(int64_t k) const {
    const double c = std::cos(static_cast<double>(k) * pi * h);
    return (2 - 2 * c) / h / ((4 + 2 * c) * h / 6);
  }
};

// x' = −z, z = x − sin(ω t), so x' = −x + sin(ω t). As one tensor, and with z first.
VectorField driven(const Tensor& omega) {
  return [omega](const Tensor& t, const State& y) -> State {
    const Tensor z = at(y[0], 0), x = at(y[0], 1);
    return {vec({z - x + sin(omega * t), -z})};
  };
}
const Tensor second_only = tensor({0, 1}, f64);
double driven_x(double x0, double omega, double t) {
  const double w = 1 + omega * omega;
  return (x0 + omega / w) * std::exp(-t) + (std::sin(omega * t) - omega * std::cos(omega * t)) / w;
}

// Robertson's reactions: rates (k1, k2, k3), and the conservation of mass in place of the third equation.
OdeTerm robertson(const Tensor& k) {
  return mass_term(tensor({1, 1, 0}), [k](const Tensor&, const State& s) -> State {
    const Tensor a = at(s[0], 0), b = at(s[0], 1), c = at(s[0], 2);
    const Tensor r1 = at(k, 0) * a, r2 = at(k, 1) * b * b, r3 = at(k, 2) * b * c;
    return {vec({r3 - r1, r1 - r3 - r2, a + b + c - 1})};
  });
}

// The transistor amplifier of Hairer & Wanner, Solving ODEs II, VI.1: rows of M that depend on each other.
OdeTerm transistor_amplifier() {
  std::vector<double> m(64, 0);
  const auto set = [&](size_t i, size_t j, double capacity) {
    m[i * 8 + i] = m[j * 8 + j] = -capacity;
    if (i != j) m[i * 8 + j] = m[j * 8 + i] = capacity;
  };
  set(0, 1, 1e-6);
  set(2, 2, 2e-6);
  set(3, 4, 3e-6);
  set(5, 5, 4e-6);
  set(6, 7, 5e-6);
  return mass_term(tensor(m, {8, 8}, f64), [](const Tensor& t, const State& s) -> State {
    const auto y = [&](int64_t i) { return at(s[0], i - 1); };
    const double voltage = 6, alpha = 0.99, r = 9000;
    const Tensor entry = 0.1 * sin(200 * pi * t), g1 = 1e-6 * expm1((y(2) - y(3)) / 0.026),
                 g2 = 1e-6 * expm1((y(5) - y(6)) / 0.026);
    return {vec({(y(1) - entry) / 1000, (2 * y(2) - voltage) / r + (1 - alpha) * g1, y(3) / r - g1,
                 (y(4) - voltage) / r + alpha * g1, (2 * y(5) - voltage) / r + (1 - alpha) * g2, y(6) / r - g2,
                 (y(7) - voltage) / r + alpha * g2, y(8) / r})};
  });
}

}  // namespace

TEST_CASE("A sparse matrix is made of a dense one, of a diagonal, and multiplies with gradients") {
  const Tensor a = tensor({1, 0, 2, 0, 3, 0, 0, 4, 5}, {3, 3}, f64), x = tensor({1, 2, 3, -1, 0, 2}, {2, 3}, f64);
  const SparseMatrix sparse = SparseMatrix::from(a);
  CHECK(sparse.pattern.nonzeros() == 5);
  CHECK(sparse.times(x).values() == matmul(x, transpose(a)).values());
  CHECK(sparse.times(select(x, 0, 1)).values() == std::vector<double>{3, 0, 10});
  CHECK(SparseMatrix::from(tensor({1, 0, 2}, f64)).dense().values() == std::vector<double>{1, 0, 0, 0, 0, 0, 0, 0, 2});
  const Tensor leaf = track(a), v = track(x), weights = tensor({1, 2, 3, 4, 5, 6}, {2, 3}, f64);
  const std::vector<Tensor> g = grad(sum(weights * SparseMatrix::from(leaf).times(v)), {leaf, v});
  CHECK(g[1].values() == matmul(weights, a).values());
  CHECK(g[0].values() == (matmul(transpose(weights), x) * minimum(a, ones_like(a))).values());
  CHECK_THROWS_WITH(sparse.times(ones({2, 4}, f64)), Contains("3 × 3") && Contains("(2, 4)"));
  CHECK_THROWS_AS(SparseMatrix::from(ones({2, 3}, f64)), ShapeError);
}

TEST_CASE("Heat by finite elements decays as its modes do, by every matrix and in every batch") {
  const NoGrad guard;
  for (const int64_t n : {1, 2, 3, 8, 17, 33})
    for (const DType dtype : {f64, DType::float32})
      for (const std::string& method : methods)
        for (const char* matrix : {"dense", "sparse", "krylov"}) {
          const Rod rod{n};
          OdeTerm term = rod.term(dtype);
          const std::string kind = matrix;
          if (kind == "sparse") term.sparsity = rod.band;
          INFO(n << ' ' << dtype << ' ' << method << ' ' << matrix);
          const int64_t k = std::min<int64_t>(n, 2);
          const State u0{stack({rod.mode(1, dtype), rod.mode(k, dtype)}, 0)};
          const double rtol = dtype == f64 ? 1e-8 : 1e-5, end = 0.1;
          const auto s = value_or_throw(
              odeint(term, u0, {0, end}, tolerance(method, rtol, kind == "krylov" ? "newton_krylov" : "newton")));
          const Tensor exact = stack(
              {rod.mode(1, f64) * std::exp(-rod.rate(1) * end), rod.mode(k, f64) * std::exp(-rod.rate(k) * end)}, 0);
          CHECK(max(abs(astype(s.y.back()[0], f64) - exact)).item() < 30 * rtol);
        }
}

TEST_CASE("A mass matrix takes the steps of the equation without it, from the same first step") {
  const NoGrad guard;
  const Rod rod{8};
  const Tensor m = rod.mass().dense(), k = rod.stiffness().dense();
  const Tensor a = stack(
      [&] {
        std::vector<Tensor> columns;
        const Lu lu(m);
        for (int64_t j = 0; j < 8; ++j) columns.push_back(lu.solve(-select(k, 1, j)));
        return columns;
      }(),
      1);
  const VectorField plain = [a](const Tensor&, const State& u) {
    return State{reshape(matmul(reshape(u[0], {1, 8}), transpose(a)), {8})};
  };
  for (const std::string& method : methods) {
    OdeOptions options = tolerance(method, 1e-6, "newton");
    options.dt = 1e-6;
    options.implicit.tolerance = 1e-8;
    const auto without = value_or_throw(odeint(plain, {rod.mode(2)}, {0, 0.05}, options));
    const auto with = value_or_throw(odeint(rod.term(), {rod.mode(2)}, {0, 0.05}, options));
    options.replay = {without.grid, without.orders};
    const auto repeated = value_or_throw(odeint(rod.term(), {rod.mode(2)}, {0, 0.05}, options));
    INFO(method);
    CHECK(with.statistics.accepted == without.statistics.accepted);
    CHECK(off(repeated.y.back()[0].values(), without.y.back()[0].values()) < 1e-9);
  }
}

TEST_CASE("Algebraic components are as accurate as others, at steps and between them") {
  const NoGrad guard;
  for (const std::string& method : methods)
    for (const double omega : {1.0, 30.0})
      for (const double sign : {1.0, -1.0}) {
        INFO(method << ' ' << omega << ' ' << sign);
        const double x0 = 2, rtol = 1e-7;
        std::vector<double> times;
        for (int i = 0; i <= 40; ++i) times.push_back(sign * 0.05 * i);
        const auto s = value_or_throw(odeint(mass_term(second_only, driven(scalar(omega, f64))),
                                             {tensor({x0, x0}, f64)}, times, tolerance(method, rtol)));
        double worst = 0;
        for (size_t i = 0; i < times.size(); ++i) {
          const double x = driven_x(x0, omega, times[i]), z = x - std::sin(omega * times[i]);
          const std::vector<double> y = s.y[i][0].values();
          worst = std::max({worst, std::abs(y[0] - z) / (1 + std::abs(z)), std::abs(y[1] - x) / (1 + std::abs(x))});
        }
        CHECK(worst < 60 * rtol);
      }
}

TEST_CASE("Robertson's reactions with the conservation of mass as an equation agree with the reference") {
  const NoGrad guard;
  const nlohmann::json reference = references("ivp_reference.json")["robertson"];
  std::vector<double> times{0};
  for (const auto& result : reference["results"]) times.push_back(result["t"]);
  for (const std::string& method : methods) {
    OdeOptions options = tolerance(method, 1e-8);
    options.atols = {tensor({1e-12, 1e-18, 1e-12}, f64)};
    const auto s =
        value_or_throw(odeint(robertson(tensor({0.04, 3e7, 1e4}, f64)), {tensor({1, 0, 0}, f64)}, times, options));
    INFO(method);
    CHECK(worst_error(times, s, reference) < 3e-5);
  }
}

TEST_CASE("The transistor amplifier agrees with its reference") {
  const NoGrad guard;
  // Mazzia & Magherini, Test Set for Initial Value Problem Solvers, release 2.4 (2008).
  const std::vector<double> reference{-0.5562145012262709e-2, 0.3006522471903042e1, 0.2849958788608128e1,
                                      0.2926422536206241e1,   0.2704617865010554e1, 0.2761837778393145e1,
                                      0.4770927631616772e1,   0.1236995868091548e1};
  const State y0{tensor({0, 3, 3, 6, 3, 3, 6, 0}, f64)};
  for (const std::string& method : methods) {
    const auto s = value_or_throw(odeint(transistor_amplifier(), y0, {0, 0.2}, tolerance(method, 1e-7)));
    INFO(method);
    CHECK(relative_error(s.y.back()[0], reference) < 3e-6);
    // Noise in the algebraic components would make steps short: the count is that of a smooth solution.
    CHECK(s.statistics.accepted < 8000);
  }
}

TEST_CASE("Gradients of differential-algebraic equations agree with differences, and with the equation without z") {
  for (const std::string& method : methods)
    for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::checkpointed}) {
      INFO(method << ' ' << (gradient == OdeGradient::direct));
      const auto loss = [&](const Tensor& y0, const Tensor& omega, const Tensor& m, const OdeTerm* other = nullptr) {
        OdeOptions options = tolerance(method, 1e-8);
        options.implicit.tolerance = 1e-6;
        options.gradient = gradient;
        const auto s = value_or_throw(odeint(other ? *other : mass_term(m, driven(omega)), {y0}, {0, 0.4, 1}, options));
        return sum(square(s.y[1][0])) + 2 * sum(square(s.y[2][0]));
      };
      const auto gradients = [&](bool y, bool w, bool of_m) {
        const auto leaf = [](const Tensor& x, bool tracked) { return tracked ? track(x) : x; };
        const Tensor y0 = leaf(tensor({2, 2}, f64), y), omega = leaf(scalar(3, f64), w), m = leaf(second_only, of_m);
        std::vector<Tensor> leaves;
        for (const Tensor& each : {y0, omega, m})
          if (each.tracked()) leaves.push_back(each);
        return grad(loss(y0, omega, m), leaves);
      };
      const std::vector<Tensor> g = gradients(true, true, true);
      // z(0) follows from x(0): only x(0) has an effect. With M = diag(0, m), m x' = −x + sin(ω t).
      const auto closed = [&](double x0, double omega, double m) {
        double sum = 0;
        for (const auto& [t, share] : {std::pair{0.4, 1.0}, {1.0, 2.0}}) {
          const double x = driven_x(x0, omega * m, t / m), z = x - std::sin(omega * t);
          sum += share * (x * x + z * z);
        }
        return sum;
      };
      const double step = 1e-5;
      const auto slope = [&](double dx, double dw, double dm) {
        return (closed(2 + dx, 3 + dw, 1 + dm) - closed(2 - dx, 3 - dw, 1 - dm)) / (2 * step);
      };
      CHECK(std::abs(g[0].values()[0]) < 1e-9);
      CHECK(g[0].values()[1] == Approx(slope(step, 0, 0)).epsilon(1e-5));
      CHECK(g[1].item() == Approx(slope(0, step, 0)).epsilon(1e-5));
      CHECK(g[2].values()[1] == Approx(slope(0, 0, step)).epsilon(1e-5));
      // Each of them alone.
      CHECK(off(gradients(true, false, false)[0].values(), g[0].values()) < 1e-8);
      CHECK(off(gradients(false, true, false)[0].values(), g[1].values()) < 1e-8);
      CHECK(off(gradients(false, false, true)[0].values(), g[2].values()) < 1e-8);
    }
}

TEST_CASE("Gradients through sparse and Krylov solves with a mass matrix are those of dense ones") {
  const Rod rod{12};
  for (const std::string& method : methods) {
    std::vector<std::vector<double>> gradients;
    for (const char* matrix : {"newton", "sparse", "newton_krylov"}) {
      const Tensor u0 = track(stack({rod.mode(1), rod.mode(3)}, 0)), k = track(scalar(1, f64));
      OdeTerm term([&rod, k](const Tensor&, const State& u) { return State{-k * rod.stiffness().times(u[0])}; });
      term.mass = rod.mass();
      const bool sparse = std::string(matrix) == "sparse";
      if (sparse) term.sparsity = rod.band;
      const auto s = value_or_throw(odeint(term, {u0}, {0, 0.02}, tolerance(method, 1e-6, sparse ? "newton" : matrix)));
      const std::vector<Tensor> g = grad(sum(square(s.y.back()[0])), {u0, k});
      gradients.push_back(g[0].values());
      gradients.push_back(g[1].values());
    }
    INFO(method);
    for (size_t i = 2; i < 6; ++i) CHECK(off(gradients[i], gradients[i % 2]) < 1e-5);
  }
}

TEST_CASE("Quadratures, several tensors and coupled rows go with a mass matrix") {
  const NoGrad guard;
  for (const std::string& method : methods) {
    INFO(method);
    // ∫ x dt beside the driven equation, whose unknowns are two tensors.
    const OdeTerm term = mass_term(second_only, [](const Tensor& t, const State& y) -> State {
      return {y[0] - y[1] + sin(3 * t), -y[0], y[1]};
    });
    OdeOptions options = tolerance(method, 1e-8);
    options.quadratures = {false, false, true};
    const Tensor two = tensor({2}, f64);
    const auto s = value_or_throw(odeint(term, {two, two, zeros({1}, f64)}, {0, 1}, options));
    CHECK(s.y.back()[1].values()[0] == Approx(driven_x(2, 3, 1)).epsilon(1e-6));
    // x' = −x + sin 3t, so ∫ x = 2 − x(1) + ∫ sin 3t.
    CHECK(s.y.back()[2].values()[0] == Approx(2 - driven_x(2, 3, 1) + (1 - std::cos(3.0)) / 3).epsilon(1e-6));
    // Two rods that exchange heat: the rows are one system.
    const Rod rod{6};
    const OdeTerm coupled = [&] {
      OdeTerm both([k = rod.stiffness(), m = rod.mass()](const Tensor&, const State& u) {
        return State{-k.times(u[0]) - 20 * m.times(u[0] - flip(u[0], 0))};
      });
      both.mass = rod.mass();
      return both;
    }();
    for (const char* corrector : {"newton", "newton_krylov"}) {
      const Tensor u = rod.mode(1);
      const auto heat =
          value_or_throw(odeint(coupled, {stack({u, 0 * u}, 0)}, {0, 0.05}, tolerance(method, 1e-8, corrector)));
      const double mean = 0.5 * std::exp(-rod.rate(1) * 0.05), half = mean * std::exp(-40 * 0.05);
      CHECK(off(heat.y.back()[0].values(), stack({(mean + half) * u, (mean - half) * u}, 0).values()) < 1e-6);
    }
  }
}

TEST_CASE("A consistent state satisfies the algebraic equations, keeps M y, and has gradients") {
  // z² = x + c with M = diag(1, 0).
  const auto term = [](const Tensor& c) {
    return mass_term(tensor({1, 0}), [c](const Tensor&, const State& y) -> State {
      return {vec({-at(y[0], 1), square(at(y[0], 1)) - at(y[0], 0) - c})};
    });
  };
  const Tensor c = track(scalar(1, f64)), y0 = track(tensor({3, 1}, f64));
  const State y = consistent_state(term(c), 0, {y0});
  CHECK(y[0].values()[0] == 3);
  CHECK(y[0].values()[1] == Approx(2).epsilon(1e-12));
  const std::vector<Tensor> g = grad(at(y[0], 1), {c, y0});
  CHECK(g[0].item() == Approx(0.25));
  CHECK(off(g[1].values(), {0.25, 0}) < 1e-12);
  // Every row of a batch, and float32.
  const NoGrad guard;
  const State rows = consistent_state(term(stop_gradient(c)), 0, {tensor({3, 1, 8, 1}, {2, 2}, DType::float32)});
  CHECK(off(rows[0].values(), {3, 2, 8, 3}) < 1e-6);
  CHECK_THROWS_WITH(consistent_state(driven(scalar(1, f64)), 0, {tensor({1, 1}, f64)}), Contains("no mass matrix"));
  CHECK_THROWS_AS(consistent_state(transistor_amplifier(), 0, {tensor({0, 3, 3, 6, 3, 3, 6, 1}, f64)}), SolverError);
}

TEST_CASE("What a mass matrix excludes is refused by name") {
  const OdeTerm term = mass_term(second_only, driven(scalar(1, f64)));
  const State y0{tensor({2, 2}, f64)};
  const auto solve = [&](const OdeOptions& options) { return odeint(term, y0, {0, 1}, options); };
  CHECK_THROWS_WITH(solve({}), Contains("'dopri5'") && Contains("bdf, radau5"));
  for (const std::string& method : ode_method_names()) {
    INFO(method);
    CHECK(takes_mass(method) == (method == "bdf" || method == "radau5"));
    OdeOptions options = tolerance(method, 1e-6);
    if (!is_adaptive(method)) options.dt = 0.1;
    if (!takes_mass(method)) CHECK_THROWS_AS(solve(options), ValueError);
  }
  for (const char* corrector : {"functional", "jacobi_newton"})
    CHECK_THROWS_WITH(solve(tolerance("bdf", 1e-6, corrector)), Contains(corrector) && Contains("newton_krylov"));
  for (const OdeGradient gradient : {OdeGradient::adjoint, OdeGradient::backsolve})
    CHECK_THROWS_WITH(solve({.method = "bdf", .gradient = gradient}), Contains("adjoint"));
  const auto zero = [](const Tensor&, const State& y) { return at(y[0], 1) - 1; };
  CHECK_THROWS_WITH(
      solve({.method = "bdf", .events = {{.g = zero, .action = [](const Tensor&, const State& y) { return y; }}}}),
      Contains("consistent_state"));
  CHECK_THROWS_WITH(odeint(mass_term(ones({3}, f64), driven(scalar(1, f64))), y0, {0, 1}, {.method = "bdf"}),
                    Contains("3 × 3") && Contains("2"));
  // Times and events have no gradients; without gradients they are right.
  const Tensor times = track(tensor({0, 1}, f64));
  CHECK_THROWS_WITH(odeint(term, y0, times, {.method = "bdf"}), Contains("mass matrix"));
  const OdeEvent end{.g = zero, .terminal = true};
  const State tracked{track(y0[0])};
  CHECK_THROWS_WITH(odeint(term, tracked, {0, 3}, {.method = "bdf", .events = {end}}), Contains("NoGrad"));
  for (const std::string& method : methods) {
    OdeOptions options = tolerance(method, 1e-9);
    options.events = {end};
    const auto s = odeint(term, y0, {0, 3}, options);
    CHECK(s.status == OdeStatus::event_reached);
    CHECK(driven_x(2, 1, s.t.back()) == Approx(1).epsilon(1e-6));
  }
}

TEST_CASE("A start that does not satisfy the algebraic equations is refused with its component") {
  const OdeTerm term = mass_term(second_only, driven(scalar(1, f64)));
  for (const std::string& method : methods) {
    INFO(method);
    CHECK_THROWS_WITH(odeint(term, {tensor({5, 2}, f64)}, {0, 1}, {.method = method}),
                      Contains("tensor 0, element 0 = 5") && Contains("-3") && Contains("consistent_state"));
    const State start = consistent_state(term, 0, {tensor({5, 2}, f64)});
    CHECK(value_or_throw(odeint(term, start, {0, 1}, tolerance(method, 1e-8))).y.back()[0].values()[1] ==
          Approx(driven_x(2, 1, 1)).epsilon(1e-6));
    // Right to the tolerance is enough.
    CHECK(odeint(term, {tensor({2 + 1e-7, 2}, f64)}, {0, 1}, tolerance(method, 1e-6)).status == OdeStatus::success);
    // An equation of index 2: x is given, z is what makes it so.
    const OdeTerm higher = mass_term(second_only, [](const Tensor& t, const State& y) -> State {
      return {vec({at(y[0], 1) - sin(t), at(y[0], 0)})};
    });
    bool refused = false;
    try {
      refused = odeint(higher, {tensor({1, 0}, f64)}, {0, 1}, tolerance(method, 1e-6)).status != OdeStatus::success;
    } catch (const ValueError&) {
      refused = true;
    }
    INFO(refused);
  }
}

}  // namespace dimwise::ode_mass_tests
