// Measured convergence rates of the methods, and a comparison of their costs.

#include "autodiff/node.hpp"
#include "tests/hollow/solve/solve_problems.hpp"

namespace dimwise::solve_rates_tests {

using namespace dimwise::test;

namespace {

// |y_k − y*| for k = 1, 2, …, each from a solve of k iterations.
std::vector<double> errors(const RootProblem& equation, const Tensor& y0, const Tensor& root, RootOptions options,
                           int64_t count) {
  options.rtol = options.atol = 1e-15;
  std::vector<double> result;
  for (options.max_iterations = 1; options.max_iterations <= count; ++options.max_iterations)
    result.push_back(furthest(find_root(equation, y0, options).y, root));
  return result;
}

// The orders log(e_{k+1} / e_k) / log(e_k / e_{k−1}) among errors that are neither large nor rounding.
std::vector<double> orders(const std::vector<double>& e) {
  std::vector<double> p;
  for (size_t k = 1; k + 1 < e.size(); ++k)
    if (e[k - 1] < 0.3 && e[k + 1] > 1e-13 && e[k + 1] < e[k] && e[k] < e[k - 1])
      p.push_back(std::log(e[k + 1] / e[k]) / std::log(e[k] / e[k - 1]));
  return p;
}

}  // namespace

TEST_CASE("newton converges quadratically") {
  const Tensor x = 3 * Rng(2).normal({8}, DType::float64), y0 = zeros({8}, DType::float64);
  const RootProblem equation = rotating(8, x);
  const Tensor root = value_or_throw(find_root(equation, y0, {.method = "newton", .rtol = 1e-14, .atol = 1e-14})).y;
  const std::vector<double> p = orders(errors(equation, y0, root, {.method = "newton"}, 9));
  REQUIRE_FALSE(p.empty());
  CHECK(p.back() > 1.8);
  CHECK(p.back() < 2.3);
}

TEST_CASE("broyden converges superlinearly: the ratio of successive errors decreases towards 0") {
  const Tensor x = Rng(2).normal({2}, DType::float64), y0 = zeros({2}, DType::float64);
  const RootProblem equation = contractive(3 * unit_matrix(2), x);
  const Tensor root = value_or_throw(find_root(equation, y0, {.method = "newton", .rtol = 1e-14, .atol = 1e-14})).y;
  const std::vector<double> e = errors(equation, y0, root, {.method = "broyden"}, 8);
  std::vector<double> factors;
  for (size_t k = 1; k < e.size() && e[k] > 1e-13; ++k) factors.push_back(e[k] / e[k - 1]);
  REQUIRE(factors.size() >= 3);
  CHECK(factors.back() < 0.1 * factors.front());
}

TEST_CASE("θ is the factor by which the error shrinks") {
  const Tensor x = Rng(2).normal({20}, DType::float64);
  const RootProblem equation = contractive(unit_matrix(20), x);
  const Tensor root = value_or_throw(find_root(equation, x, {.method = "newton", .rtol = 1e-14, .atol = 1e-14})).y;
  for (const bool jacobi : {false, true}) {
    Tensor y = x;
    std::vector<double> e;
    for (int k = 0; k < 15; ++k) {
      const Tensor f = equation.residual(y);
      y = y - (jacobi ? f / equation.diagonal(y) : f);
      e.push_back(furthest(y, root));
    }
    const RootSolution s =
        find_root(equation, x, {.method = jacobi ? "jacobi_newton" : "picard", .rtol = 1e-10, .atol = 1e-10});
    CHECK(s.contraction == Approx(std::pow(e[14] / e[9], 0.2)).epsilon(0.5));
  }
}

TEST_CASE(
    "If the diagonal dominates, jacobi_newton needs fewer evaluations than anderson, which needs fewer than picard") {
  // A contraction with a separate rate of up to 0.9 in each dimension, and weak coupling.
  const int64_t d = 64;
  const Tensor rate = linspace(-0.9, 0.9, d, DType::float64), w = 0.05 * unit_matrix(d);
  const Tensor x = Rng(2).normal({4, d}, DType::float64);
  const Tensor hollow = w * (1 - eye(d, DType::float64));
  const RootProblem equation{.residual = [=](const Tensor& y) { return y - rate * y - tanh(linear(y, hollow)) - x; },
                             .diagonal = [=](const Tensor& y) { return broadcast_to(1 - rate, y.shape()); }};
  const auto evaluations = [&](const char* method) {
    const RootOptions options{.method = method, .rtol = 1e-8, .atol = 1e-8, .max_iterations = 1000};
    return value_or_throw(find_root(equation, x, options)).statistics.evaluations;
  };
  const int64_t jacobi_newton = evaluations("jacobi_newton"), anderson = evaluations("anderson"),
                picard = evaluations("picard");
  CAPTURE(jacobi_newton, anderson, picard);
  CHECK(jacobi_newton < anderson);
  CHECK(anderson < picard);
}

TEST_CASE("newton_krylov solves with GMRES only as accurately as the tolerance needs") {
  const Tensor x = Rng(2).normal({128}, DType::float64), y0 = zeros({128}, DType::float64);
  const auto solve = [&](double tolerance) {
    const RootOptions options{.method = "newton_krylov", .rtol = tolerance, .atol = tolerance};
    return value_or_throw(find_root(rotating(128, x), y0, options)).statistics;
  };
  const RootStatistics loose = solve(1e-6), tight = solve(1e-9);
  CHECK(loose.iterations == tight.iterations);
  CHECK(loose.products < 0.8 * static_cast<double>(tight.products));
  // An exact solve in every iteration would need many more.
  CHECK(tight.products < 40 * tight.iterations);
  CHECK(tight.jacobians == 0);
}

TEST_CASE("Damping makes picard and anderson converge if the diagonal is large; anderson still uses its memory") {
  const Tensor x = Rng(2).normal({4, 10}, DType::float64), y0 = zeros({4, 10}, DType::float64);
  const auto solve = [&](const char* method, double damping) {
    return find_root(dominant(10, x), y0, {.method = method, .max_iterations = 3000, .damping = damping});
  };
  for (const char* method : {"picard", "anderson"}) CHECK(solve(method, 1).status == RootStatus::diverged);
  const RootSolution picard = value_or_throw(solve("picard", 0.015)),
                     anderson = value_or_throw(solve("anderson", 0.015));
  CHECK(furthest(picard.y, anderson.y) < 1e-5);
  CHECK(5 * anderson.statistics.evaluations < picard.statistics.evaluations);
}

TEST_CASE("A long memory does not harm anderson: it drops the memory when the residual grows") {
  int found = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Tensor x = 3 * Rng(seed).normal({10}, DType::float64),
                 w = 3 * Rng(seed + 100).normal({10, 10}, DType::float64);
    const Function g = [&](const Tensor& y) { return 0.3 * sin(0.6 * linear(y, w)) + x; };
    found +=
        fixed_point(g, x, {.method = "anderson", .rtol = 1e-10, .atol = 1e-10, .max_iterations = 300, .memory = 10})
            .status == RootStatus::converged;
  }
  CHECK(found >= 55);
}

TEST_CASE("Each method counts what it computes") {
  const Tensor x = Rng(2).normal({3, 5}, DType::float64);
  const RootProblem equation = contractive(unit_matrix(5), x);
  const auto statistics = [&](const char* method) {
    return value_or_throw(find_root(equation, x, {.method = method})).statistics;
  };
  const RootStatistics picard = statistics("picard"), jacobi = statistics("jacobi_newton"),
                       newton = statistics("newton"), krylov = statistics("newton_krylov"),
                       broyden = statistics("broyden");
  for (const RootStatistics& s : {picard, jacobi, newton, krylov, broyden}) CHECK(s.evaluations == s.iterations + 1);
  CHECK(picard.diagonals == 0);
  CHECK(jacobi.diagonals == jacobi.iterations);
  CHECK(newton.jacobians == newton.iterations);
  CHECK(newton.diagonals == 0);
  CHECK(krylov.diagonals == krylov.iterations);
  CHECK(krylov.products >= krylov.iterations);
  CHECK(broyden.diagonals == 1);
}

}  // namespace dimwise::solve_rates_tests
