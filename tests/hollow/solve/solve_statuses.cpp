// Statuses and costs of solves that do not find a root.

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"
#include "tests/hollow/solve/solve_problems.hpp"

namespace dimwise::solve_statuses_tests {

using namespace dimwise::test;
using Catch::Matchers::Contains;

namespace {

Tensor vec(const std::vector<double>& values) { return tensor(values, DType::float64); }

// y − a y: the updates of picard shrink by exactly a.
RootProblem geometric(double a) {
  return {.residual = [a](const Tensor& y) { return y - a * y; },
          .diagonal = [](const Tensor& y) { return ones_like(y); }};
}

RootStatus status(const RootProblem& e, const Tensor& y0, const RootOptions& options) {
  return find_root(e, y0, options).status;
}

}  // namespace

TEST_CASE("Too few iterations end as max_iterations_reached, with the best iterate") {
  for (const std::string& method : root_methods()) {
    const RootSolution s = find_root(dominant(4, vec({5, 5, 5, 5})), vec({1, 1, 1, 1}),
                                     {.method = method, .rtol = 1e-12, .atol = 1e-12, .max_iterations = 1});
    CHECK(s.status == RootStatus::max_iterations_reached);
    CHECK(s.attempts.size() == 1);
    CHECK(s.attempts[0].iterations == 1);
    CHECK_THAT(s.message, Contains(method) && Contains("Raise max_iterations"));
    CHECK_THROWS_AS(value_or_throw(s), SolverError);
  }
}

TEST_CASE("Growing corrections end as diverged, long before max_iterations, and return the first guess") {
  for (const double a : {1.01, -1.5, 30.0}) {
    const Tensor y0 = vec({1, 2});
    const RootSolution s = find_root(geometric(a), y0, {.method = "picard", .max_iterations = 100});
    CHECK(s.status == RootStatus::diverged);
    CHECK(s.attempts[0].iterations <= 10);
    CHECK(s.contraction == Approx(std::abs(a)));
    CHECK(furthest(s.y, y0) == 0);
    CHECK_FALSE(s.y.tracked());
  }
}

TEST_CASE("A slow iteration ends as stalled, not as converged") {
  const RootSolution s = find_root(geometric(0.99), vec({1}), {.method = "picard"});
  CHECK(s.status == RootStatus::stalled);
  CHECK(s.attempts[0].iterations < 10);
  // It continues if the remaining iterations suffice.
  const RootSolution longer = find_root(geometric(0.99), vec({1}), {.method = "picard", .max_iterations = 3000});
  CHECK(longer.status == RootStatus::converged);
  CHECK(std::abs(longer.y.values()[0]) < 1e-8);
}

TEST_CASE("A trust region without a better point ends as stalled, at a minimum of F that is not a root") {
  const RootProblem bowl{[](const Tensor& y) { return y * y + 1.0; }};
  CHECK(status(bowl, vec({3}), {.method = "newton"}) == RootStatus::stalled);
}

TEST_CASE("A linearization without inverse, at a point where F does not descend, is singular") {
  const RootProblem square{[](const Tensor& y) { return y * y - 1.0; }};
  CHECK(status(square, vec({1, 0}), {.method = "newton"}) == RootStatus::singular);
  CHECK(status(square, vec({0}), {.method = "newton_krylov"}) == RootStatus::singular);
}

TEST_CASE("NaN and infinity end as non_finite, at the start and later") {
  const RootProblem bad{[](const Tensor& y) { return log(y); }, [](const Tensor& y) { return 1.0 / y; }};
  for (const std::string& method : root_methods())
    CHECK(status(bad, vec({1.5, -1}), {.method = method}) == RootStatus::non_finite);
  // From 4 the first step of picard and of jacobi_newton leads below 0 or near 0.
  CHECK(status(bad, vec({4}), {.method = "jacobi_newton"}) == RootStatus::non_finite);
}

TEST_CASE("A trust region recovers from points at which F is not finite") {
  const RootProblem equation{[](const Tensor& y) { return log(y); }};
  const RootSolution s = find_root(equation, vec({4}), {.method = "newton"});
  CHECK(s.status == RootStatus::converged);
  CHECK(s.y.item() == Approx(1));
  CHECK(status(equation, vec({4}), {.method = "newton", .trust_region = false}) == RootStatus::non_finite);
}

TEST_CASE("A row whose step is shortened does not slow down other rows") {
  // From 5 the full Newton steps for y / √(1 + y²) grow, from 0.3 they are best.
  const auto first_iterate = [](const Tensor& y0) {
    return find_root({[](const Tensor& y) { return y * rsqrt(1 + y * y); }}, y0,
                     {.method = "newton", .max_iterations = 1})
        .y;
  };
  std::vector<Tensor> seen;
  const RootProblem equation{[&](const Tensor& y) {
    seen.push_back(stop_gradient(y));
    return y * rsqrt(1 + y * y);
  }};
  const RootSolution s = find_root(equation, tensor({5, 0.3}, {2, 1}, DType::float64), {.method = "newton"});
  CHECK(s.status == RootStatus::converged);
  CHECK(furthest(s.y, zeros({2, 1}, DType::float64)) < 1e-6);
  REQUIRE(seen.size() > 3);
  const double alone = first_iterate(vec({0.3})).item();
  CHECK(seen[1].values()[1] == Approx(alone));
  CHECK(seen[2].values()[1] == Approx(alone));
  CHECK(std::abs(seen[2].values()[0]) < std::abs(seen[1].values()[0]));
}

TEST_CASE("A row converged to rounding is not searched while another one converges") {
  // Row 0 has a root at 0, up to the rounding of numbers near 10⁶; row 1 starts far from its root.
  const Tensor offset = tensor({1e6, 0}, {2, 1}, DType::float64), w = 2 * eye(5, DType::float64) + unit_matrix(5);
  const Tensor y0 = broadcast_to(tensor({1e-3, 300}, {2, 1}, DType::float64), {2, 5});
  const Tensor image = linear(broadcast_to(offset, {2, 5}), w);
  const RootProblem equation{[=](const Tensor& y) { return linear(y + offset, w) - image + y * y * y; }};
  for (const char* method : {"newton", "newton_krylov"}) {
    const RootSolution s = find_root(equation, y0, {.method = method});
    INFO(s.message);
    CHECK(s.status == RootStatus::converged);
    CHECK(s.statistics.iterations > 10);
    CHECK(max(abs(s.y)).item() < 1e-7);
  }
}

TEST_CASE("Slow iterations do not stop early: the error is within the tolerance, not only the update") {
  for (const double a : {0.5, 0.9, 0.99, -0.9})
    for (const double damping : {1.0, 0.3}) {
      const RootSolution s =
          find_root(geometric(a), vec({1, -3}),
                    {.method = "picard", .rtol = 0, .atol = 1e-4, .max_iterations = 10000, .damping = damping});
      CHECK(s.status == RootStatus::converged);
      CHECK(max(abs(s.y)).item() < 1.5e-4);
      CHECK(s.error <= 1);
    }
}

TEST_CASE("A slow component converges even if a fast one has already") {
  const Tensor rate = vec({0.0001, 0.95});
  const RootProblem equation{[=](const Tensor& y) { return y - rate * y; }};
  const RootSolution s =
      find_root(equation, vec({1, 1}), {.method = "picard", .rtol = 0, .atol = 0.1, .max_iterations = 500});
  CHECK(s.status == RootStatus::converged);
  CHECK(std::abs(s.y.values()[1]) < 0.2);
}

TEST_CASE("The iteration continues until the slowest row has converged") {
  std::vector<double> rates(100, 0.01);
  rates[77] = 0.9;
  const Tensor rate = tensor(rates, {100, 1}, DType::float64);
  const RootProblem equation{[=](const Tensor& y) { return y - rate * y; }};
  const RootSolution s = find_root(equation, ones({100, 1}, DType::float64),
                                   {.method = "picard", .rtol = 0, .atol = 1e-6, .max_iterations = 500});
  CHECK(s.status == RootStatus::converged);
  CHECK(max(abs(s.y)).item() < 2e-6);
}

TEST_CASE("A batch of equal rows converges like one row") {
  const Tensor x = Rng(2).normal({6}, DType::float64), rows = broadcast_to(x, {50, 6});
  const Tensor w = unit_matrix(6);
  for (const std::string& method : root_methods()) {
    const RootSolution one = value_or_throw(find_root(contractive(w, x), x, {.method = method}));
    const RootSolution all = value_or_throw(find_root(contractive(w, rows), rows, {.method = method}));
    CHECK(all.statistics.iterations == one.statistics.iterations);
    CHECK(all.error == Approx(one.error).epsilon(1e-3));
    CHECK(all.residual == Approx(one.residual).epsilon(1e-3));
  }
}

TEST_CASE("max_evaluations is never exceeded, by any method, with gradients and fallbacks") {
  const Tensor w = track(unit_matrix(6)), x = Rng(2).normal({3, 6}, DType::float64);
  for (const std::string& method : root_methods())
    for (const RootGradient gradient : {RootGradient::implicit, RootGradient::iterations})
      for (int64_t budget = 1; budget < 25; ++budget) {
        Counts counts;
        const RootSolution s = find_root(counted(contractive(w, x), counts), x,
                                         {.method = method,
                                          .fallback = {"picard", "newton"},
                                          .rtol = 1e-11,
                                          .atol = 1e-11,
                                          .max_iterations = 4,
                                          .max_evaluations = budget,
                                          .gradient = gradient});
        INFO(method << " with " << budget);
        CHECK(counts.residuals <= budget);
        CHECK(counts.residuals == s.statistics.evaluations);
        CHECK(counts.diagonals == s.statistics.diagonals);
        if (budget < 3) CHECK(s.status == RootStatus::budget_exhausted);
        if (s.status == RootStatus::budget_exhausted) CHECK_THAT(s.message, Contains("max_evaluations"));
      }
}

TEST_CASE("The next method starts from the best iterate of a failed one, and the solution reports it") {
  const Tensor x = Rng(2).normal({2, 4}, DType::float64), y0 = zeros({2, 4}, DType::float64);
  const RootProblem equation = rotating(4, x);
  const RootSolution s =
      find_root(equation, y0, {.method = "picard", .fallback = {"jacobi_newton", "newton_krylov", "newton"}});
  CHECK(s.status == RootStatus::converged);
  REQUIRE(s.attempts.size() == 3);
  CHECK(s.attempts[0].method == "picard");
  CHECK(s.attempts[0].status == RootStatus::diverged);
  CHECK(s.attempts[1].status != RootStatus::converged);
  CHECK(s.attempts[2].method == "newton_krylov");
  CHECK(s.attempts[2].status == RootStatus::converged);
  CHECK(s.statistics.iterations == s.attempts[0].iterations + s.attempts[1].iterations + s.attempts[2].iterations);

  // The second starts at the best iterate of the first.
  const RootSolution half =
      find_root(dominant(1, vec({1})), vec({0.5}), {.method = "newton", .fallback = {"newton"}, .max_iterations = 1});
  const RootSolution whole = find_root(dominant(1, vec({1})), vec({0.5}), {.method = "newton", .max_iterations = 2});
  CHECK(furthest(half.y, whole.y) == 0);

  const RootSolution none = find_root(equation, y0, {.method = "picard", .fallback = {"jacobi_newton"}});
  CHECK_THAT(none.message, Contains("picard stopped (diverged)") && Contains("then jacobi_newton stopped"));
}

TEST_CASE("Entries of the diagonal near 0 are moved away from it, with their sign, and counted") {
  std::vector<Tensor> seen;
  const RootProblem equation{.residual =
                                 [&](const Tensor& y) {
                                   seen.push_back(y);
                                   return 0.5 * y - 1.0;
                                 },
                             .diagonal =
                                 [](const Tensor&) {
                                   return vec({-1e-9, 0, 0.5, 1e-3});
                                 }};
  const RootSolution s = find_root(equation, zeros({4}, DType::float64),
                                   {.method = "jacobi_newton", .max_iterations = 1, .smallest_diagonal = 0.01});
  CHECK(s.statistics.guarded == 3);
  CHECK_THAT(s.message, Contains("3 entries"));
  REQUIRE(seen.size() == 2);
  CHECK(furthest(seen[1], vec({-100, 100, 2, 100})) < 1e-12);
}

TEST_CASE("Invalid arguments are reported") {
  const RootProblem e = geometric(0.5);
  CHECK_THROWS_WITH(find_root(e, vec({1}), {.method = "secant"}), Contains("picard, anderson, jacobi_newton"));
  CHECK_THROWS_AS(find_root(e, vec({1}), {.method = "picard", .fallback = {"secant"}}), ValueError);
  CHECK_THROWS_AS(find_root({}, vec({1})), ValueError);
  CHECK_THROWS_AS(find_root(e, vec({1}), {.rtol = -1}), ValueError);
  CHECK_THROWS_AS(find_root(e, vec({1}), {.atol = 0}), ValueError);
  CHECK_THROWS_WITH(find_root(e, vec({1}), {.ftol = 1}), Contains("ftol = 1"));
  CHECK_THROWS_AS(find_root(e, vec({1}), {.ftol = -1}), ValueError);
  CHECK_THROWS_AS(find_root(e, vec({1}), {.max_evaluations = 0}), ValueError);
  CHECK_THROWS_AS(find_root(e, vec({1}), {.damping = 1.5}), ValueError);
  CHECK_THROWS_AS(find_root(e, scalar(1, DType::float64)), ShapeError);
  CHECK_THROWS_AS(find_root(e, zeros({0, 3})), ShapeError);
  CHECK_THROWS_WITH(find_root({e.residual}, vec({1})), Contains("hollow_root_problem"));
  CHECK_THROWS_AS(find_root({[](const Tensor& y) { return sum(y); }}, vec({1}), {.method = "picard"}), ShapeError);
  CHECK_THROWS_AS(
      find_root({[](const Tensor& y) { return astype(y, DType::float32); }}, vec({1}), {.method = "picard"}),
      DTypeError);
  CHECK_THROWS_AS(find_root({e.residual, [](const Tensor& y) { return sum(y); }}, vec({1})), ShapeError);
}

}  // namespace dimwise::solve_statuses_tests
