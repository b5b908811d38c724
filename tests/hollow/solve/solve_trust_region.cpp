// Powell's dogleg of newton and newton_krylov, and that only roots are reported as such.

#include <algorithm>

#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "tests/hollow/solve/standard_systems.hpp"

namespace dimwise::solve_trust_region_tests {

using namespace dimwise::test;
using Catch::Matchers::Contains;

namespace {

double size_of(const Function& f, const Tensor& y) {
  const NoGrad guard;
  return max(abs(f(y))).item();
}

RootOptions patient(const std::string& method) {
  return {.method = method, .rtol = 1e-8, .atol = 1e-10, .max_iterations = 200};
}

RootSolution solve(const StandardSystem& system, double factor, const RootOptions& options,
                   DType dtype = DType::float64) {
  return find_root({system.residual}, factor * tensor(system.start, dtype), options);
}

// (y₁² − 1, y₁ + y₂ − 3): the Jacobian is singular at y₁ = y₂ and where y₁ = 0.
Tensor folded(const Tensor& y) {
  const Tensor a = standard::part(y, 0), b = standard::part(y, 1);
  return concat({square(a) - 1, a + b - 3});
}

}  // namespace

TEST_CASE("newton finds the roots of the standard systems from the standard starts, newton_krylov those of most") {
  for (const StandardSystem& system : standard_systems()) {
    if (system.name == "chebyquad 8") continue;  // has no root
    const RootSolution s = solve(system, 1, patient("newton"));
    INFO(system.name << s.message);
    CHECK(s.status == RootStatus::converged);
    CHECK(size_of(system.residual, s.y) < 1e-7);
    CHECK(s.residual_error <= 1);
    CHECK(s.statistics.iterations <= 40);
    if (system.name == "trigonometric 10") continue;  // ends at a minimum
    const RootSolution krylov = solve(system, 1, patient("newton_krylov"));
    INFO(krylov.message);
    CHECK(krylov.status == RootStatus::converged);
    CHECK(size_of(system.residual, krylov.y) < 1e-5);
  }
}

TEST_CASE("No method reports a root of a standard system that is none, from near or far starts") {
  int found = 0;
  for (const StandardSystem& system : standard_systems())
    for (const double factor : {1.0, 10.0, 100.0})
      for (const std::string& method : root_methods()) {
        if (method == "jacobi_newton") continue;  // has no diagonal
        for (const DType dtype : {DType::float64, DType::float32}) {
          const RootSolution s = solve(system, factor, patient(method), dtype);
          INFO(system.name << " × " << factor << " by " << method << " in " << dtype << s.message);
          CHECK(s.message.empty() == (s.status == RootStatus::converged));
          if (s.status != RootStatus::converged) continue;
          ++found;
          // In float32 the values of these systems are known to 1e-6 of their largest terms.
          CHECK(size_of(system.residual, astype(s.y, DType::float64)) < (dtype == DType::float64 ? 1e-5 : 1e-1));
        }
      }
  CHECK(found > 100);
}

TEST_CASE("sin y = 2 has no root for any method, start, tolerance and dtype") {
  const RootProblem equation{[](const Tensor& y) { return sin(y) - 2.0; }, [](const Tensor& y) { return cos(y); }};
  for (const std::string& method : root_methods())
    for (const DType dtype : {DType::float64, DType::float32})
      for (const double y0 : {0.1, 1.0, 1.57, 2.0, -4.0, 10.0, 1e3, 1e5})
        for (const double rtol : {1e-3, 1e-6, 1e-12})
          for (const bool trust_region : {true, false}) {
            const RootSolution s =
                find_root(equation, tensor({y0}, dtype),
                          {.method = method, .rtol = rtol, .max_iterations = 300, .trust_region = trust_region});
            INFO(method << " from " << y0 << " at " << rtol << " in " << dtype);
            CHECK(s.status != RootStatus::converged);
            CHECK(s.residual >= 0.99);
            CHECK_THAT(s.message, Contains("F has RMS"));
          }
}

TEST_CASE("trigonometric(10), where anderson and broyden end far from a root, is not reported as solved") {
  for (const char* method : {"anderson", "broyden"}) {
    const RootSolution s = solve(standard::trigonometric(10), 1, {.method = method, .max_iterations = 2000});
    CHECK(s.status != RootStatus::converged);
    CHECK(s.residual_error > 1);
    CHECK_THAT(s.message, Contains("times what a root may have"));
  }
}

TEST_CASE("Updates within the tolerance where F is not small are no root, and the message says so") {
  // All updates are about 1e-9.
  const RootProblem equation{[](const Tensor& y) { return sin(1e9 * y) + 2.0; },
                             [](const Tensor& y) { return 1e9 * cos(1e9 * y); }};
  int said = 0;
  for (int64_t iterations = 1; iterations <= 20; ++iterations) {
    const RootSolution s =
        find_root(equation, tensor({0.3}, DType::float64), {.atol = 1e-6, .max_iterations = iterations});
    CHECK(s.status != RootStatus::converged);
    if (s.error > 1) continue;
    CHECK_THAT(s.message, Contains("the updates are small, but F is not"));
    ++said;
  }
  CHECK(said > 0);
}

TEST_CASE("A first guess within rounding of a root, or within a few tolerances, is soon accepted") {
  const Tensor x = Rng(2).normal({3, 6}, DType::float64);
  const RootProblem equation = contractive(unit_matrix(6), x);
  const RootOptions tight{.rtol = 1e-14, .atol = 1e-14, .max_iterations = 100};
  for (const std::string& method : root_methods()) {
    INFO(method);
    RootOptions options = tight;
    options.method = method;
    const Tensor root = value_or_throw(find_root(equation, x, options)).y;
    CHECK(value_or_throw(find_root(equation, root, options)).statistics.iterations <= 2);
    // From 30 tolerances off, a θ of 0.3 needs about as many iterations as 30 has powers of 3.
    options.rtol = options.atol = 1e-6;
    CHECK(value_or_throw(find_root(equation, root + 3e-5, options)).statistics.iterations <= 6);
  }
}

TEST_CASE("Where a Jacobian is singular, newton and newton_krylov descend, and find the root") {
  for (const DType dtype : {DType::float64, DType::float32})
    for (const char* method : {"newton", "newton_krylov"}) {
      const RootSolution s = find_root({folded}, zeros({2}, dtype), {.method = method, .rtol = 1e-5, .atol = 1e-5});
      INFO(method << s.message);
      REQUIRE(s.status == RootStatus::converged);
      CHECK(furthest(abs(s.y), tensor({1, s.y.values()[0] > 0 ? 2.0 : 4.0}, dtype)) < 1e-4);
    }
  CHECK(find_root({folded}, zeros({2}, DType::float64), {.method = "newton", .trust_region = false}).status ==
        RootStatus::singular);
}

TEST_CASE("A singular row leaves the steps of other rows as they are") {
  const Tensor regular = tensor({2, 5}, DType::float64), singular = zeros({2}, DType::float64);
  for (int64_t iterations = 1; iterations < 5; ++iterations) {
    const RootOptions options{.method = "newton", .rtol = 1e-14, .atol = 1e-14, .max_iterations = iterations};
    const auto record = [&](const Tensor& y0) {
      std::vector<Tensor> seen;
      find_root({[&](const Tensor& y) {
                  seen.push_back(stop_gradient(y));
                  return folded(y);
                }},
                y0, options);
      return seen.back();
    };
    const Tensor both = record(stack({singular, regular}, 0));
    CHECK(furthest(select(both, 0, 1), record(regular)) == 0);
    CHECK(furthest(select(both, 0, 0), record(singular)) == 0);
  }
}

TEST_CASE("Rejected steps are shortened to a quarter, row by row, and turn towards steepest descent") {
  // y / √(1 + y²) from 20: the full step leads to −8000. In one dimension, both directions are the same.
  std::vector<double> seen;
  const RootProblem flat{[&](const Tensor& y) {
    seen.push_back(y.values()[0]);
    return y * rsqrt(1 + y * y);
  }};
  CHECK(find_root(flat, tensor({20}, DType::float64), {.method = "newton"}).status == RootStatus::converged);
  REQUIRE(seen.size() > 5);
  CHECK(seen[1] == Approx(20 - 20 * 401));
  for (size_t i = 2; i < 5; ++i) CHECK(seen[i] - 20 == Approx((seen[i - 1] - 20) / 4));
}

TEST_CASE("newton's steps do not depend on the units of the equations and of y") {
  const StandardSystem system = standard::wood();
  const Tensor units = tensor({1e7, 1e-5, 1, 1e3}, DType::float64);
  const auto iterates = [&](const Function& f, double unit) {
    std::vector<Tensor> seen;
    RootOptions options = patient("newton");
    options.atol *= unit;
    const RootSolution s = find_root({[&](const Tensor& y) {
                                       seen.push_back(stop_gradient(y) / unit);
                                       return f(y / unit);
                                     }},
                                     unit * tensor(system.start, DType::float64), options);
    CHECK(s.status == RootStatus::converged);
    CHECK(s.statistics.evaluations > s.statistics.iterations + 3);  // rejects some
    return seen;
  };
  const std::vector<Tensor> plain = iterates(system.residual, 1);
  for (const std::vector<Tensor>& other :
       {iterates([&](const Tensor& y) { return units * system.residual(y); }, 1), iterates(system.residual, 1e4)}) {
    REQUIRE(other.size() == plain.size());
    for (size_t i = 0; i < plain.size(); ++i) CHECK(furthest(other[i], plain[i]) < 1e-6);
  }
}

TEST_CASE("Each row follows its own trust region") {
  const StandardSystem system = standard::wood();
  std::vector<Tensor> starts;
  int64_t most = 0;
  std::vector<Tensor> roots;
  for (const double factor : {1.0, 10.0, -0.5, 3.0}) {
    starts.push_back(factor * tensor(system.start, DType::float64));
    const RootSolution one = value_or_throw(find_root({system.residual}, starts.back(), patient("newton")));
    roots.push_back(one.y);
    most = std::max(most, one.statistics.iterations);
  }
  const RootSolution all = value_or_throw(find_root({system.residual}, stack(starts, 0), patient("newton")));
  CHECK(furthest(all.y, stack(roots, 0)) < 1e-8);
  CHECK(all.statistics.iterations == most);
}

TEST_CASE("Gradients through the iterations pass through steps of the dogleg") {
  // From 0, where the Jacobian is singular, the first step is that of steepest descent.
  for (const char* method : {"newton", "newton_krylov"}) {
    const Tensor x = track(tensor({1.0, 3.0}, DType::float64));
    const Function equation = [x](const Tensor& y) {
      const Tensor a = standard::part(y, 0), b = standard::part(y, 1);
      return concat({square(a) - standard::part(x, 0), a + b - standard::part(x, 1)});
    };
    RootOptions options{.method = method, .rtol = 1e-13, .atol = 1e-13};
    const auto gradient = [&](RootGradient how) {
      options.gradient = how;
      const RootSolution s = value_or_throw(find_root({equation}, zeros({2}, DType::float64), options));
      return grad(sum(s.y * tensor({1, 3}, DType::float64)), x);
    };
    CHECK(furthest(gradient(RootGradient::implicit), gradient(RootGradient::iterations)) < 1e-8);
  }
}

TEST_CASE("Gradients through the iterations pass through steps of steepest descent, in both directions") {
  // The Jacobian is singular everywhere, and one step finds y₁ = x.
  const Tensor y0 = tensor({3, 0}, DType::float64), weights = tensor({1, 0}, DType::float64);
  for (const char* method : {"newton", "newton_krylov"}) {
    const Function root = [&](const Tensor& x) {
      const Function equation = [x](const Tensor& y) {
        return tensor({1, 2}, DType::float64) * (standard::part(y, 0) - x);
      };
      return sum(weights *
                 value_or_throw(find_root({equation}, y0, {.method = method, .gradient = RootGradient::iterations})).y);
    };
    const Tensor x = track(tensor({7}, DType::float64));
    CHECK(grad(root(x), x).item() == Approx(1));
    CHECK(jvp(root, stop_gradient(x), ones_like(x)).second.item() == Approx(1));
  }
}

TEST_CASE("A row that is a root from the start does not end a solve, though its Jacobian is singular") {
  const Tensor c = tensor({0, 1}, {2, 1}, DType::float64);
  const RootProblem equation{[=](const Tensor& y) { return y * y - c; }};
  const RootSolution s = find_root(equation, tensor({0, 2}, {2, 1}, DType::float64), {.method = "newton"});
  CHECK(s.status == RootStatus::converged);
  CHECK(furthest(s.y, c) < 1e-6);
}

TEST_CASE("A solve that no longer gets on ends soon") {
  // Near 1.57 the derivative of sin is 4e-8, and the step longer than floats resolve sin.
  const RootProblem wave{[](const Tensor& y) { return sin(y) - 2.0; }};
  const RootSolution far = find_root(wave, tensor({1.5707964}, DType::float32),
                                     {.method = "newton", .max_iterations = 1000, .trust_region = false});
  CHECK(far.status == RootStatus::stalled);
  CHECK(far.statistics.iterations == 2);
  const RootProblem bowl{[](const Tensor& y) { return y * y + 1.0; }};
  CHECK(find_root(bowl, tensor({3.0}, DType::float64), {.method = "newton"}).statistics.evaluations < 50);
  // At a minimum of F in 8 dimensions.
  RootOptions options = patient("newton");
  options.max_iterations = 5000;
  const RootSolution minimum = solve(standard::chebyquad(8), 1, options);
  CHECK(minimum.status == RootStatus::stalled);
  CHECK(minimum.statistics.iterations < 400);
}

TEST_CASE("Steepest descent is counted as two products") {
  const RootSolution s = find_root({folded}, zeros({2}, DType::float64), {.method = "newton", .max_iterations = 1});
  CHECK(s.statistics.products == 2);
  CHECK(s.statistics.jacobians == 1);
}

}  // namespace dimwise::solve_trust_region_tests
