#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/ode/problems/detail/terms.hpp"
#include "hollow/ode/problems/problems.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::ode_problems_diagonals_tests {

using Catch::Matchers::Contains;

namespace {

// A state near the problem's initial state with every component away from 0.
Tensor near_start(const OdeProblem& p, const Shape& batch) {
  Shape shape = batch;
  shape.push_back(p.y0[0].size());
  const Tensor noise = Rng(7).split(p.name).normal(shape, DType::float64);
  return p.y0[0] * (1 + 0.05 * noise) + 0.01 * noise + 0.02;
}

double largest(const Tensor& x) { return x.size() == 0 ? 0 : max(abs(x)).item(); }

Tensor brute_force_jacobian(const OdeProblem& p, const Tensor& t, const Tensor& y) {
  return jacobian([&](const Tensor& x) { return p.term.f(t, {x})[0]; }, y);
}

}  // namespace

TEST_CASE("The diagonal and Jacobian of every problem agree with its f") {
  const Tensor t = scalar(0.37, DType::float64);
  for (const std::string& name : ode_problem_names()) {
    const OdeProblem p = ode_problem(name);
    INFO(name);
    if (p.y0[0].size() > 200) continue;  // brusselator-500 is the same formula as brusselator
    const Tensor y = near_start(p, {}), full = brute_force_jacobian(p, t, y);
    const double scale = 1e-12 * (1 + largest(full));
    REQUIRE(p.term.with_diagonal);
    const ValueAndDiagonal both = p.term.with_diagonal(t, {y});
    CHECK(largest(both.f[0] - p.term.f(t, {y})[0]) == 0);
    const Tensor d = both.d[0].defined() ? both.d[0] : zeros_like(y);
    CHECK(d.shape() == y.shape());
    CHECK(largest(d - diagonal(full)) <= scale);
    if (p.term.jacobian) CHECK(largest(p.term.jacobian(t, {y}) - full) <= scale);
    if (p.term.sparsity) {
      const std::vector<double> entries = full.values();
      for (int64_t i = 0; i < y.size(); ++i)
        for (int64_t j = 0; j < y.size(); ++j)
          if (!p.term.sparsity->contains(i, j)) CHECK(entries[static_cast<size_t>(i * y.size() + j)] == 0);
    }
  }
}

TEST_CASE("The rows of a batch are independent of each other") {
  const Tensor t = scalar(0.37, DType::float64);
  for (const std::string& name : ode_problem_names()) {
    const OdeProblem p = ode_problem(name);
    INFO(name);
    const Tensor y = near_start(p, {2, 3});
    const ValueAndDiagonal both = p.term.with_diagonal(t, {y});
    const Tensor one = select(select(y, 0, 1), 0, 2);
    const ValueAndDiagonal alone = p.term.with_diagonal(t, {one});
    const auto row_of = [](const Tensor& x) { return select(select(x, 0, 1), 0, 2); };
    CHECK(largest(row_of(both.f[0]) - alone.f[0]) <= 1e-12 * largest(alone.f[0]));
    if (alone.d[0].defined()) CHECK(largest(row_of(both.d[0]) - alone.d[0]) <= 1e-12 * largest(alone.d[0]));
    if (p.term.jacobian && y.dim(-1) <= 200)
      CHECK(largest(row_of(p.term.jacobian(t, {y})) - p.term.jacobian(t, {one})) <= 1e-12 * largest(alone.d[0]));
  }
}

TEST_CASE("Closed forms satisfy their equations") {
  for (const std::string& name : ode_problem_names()) {
    const OdeProblem p = ode_problem(name);
    if (!p.exact || name == "arenstorf") continue;
    INFO(name);
    CHECK(largest(tensor(p.exact(p.times[0]), DType::float64) - p.y0[0]) <= 1e-15);
    for (const double t : {0.1, 0.7}) {
      const double h = 1e-4;
      const auto y = [&](double at) { return tensor(p.exact(at), DType::float64); };
      const Tensor slope = (8 * (y(t + h) - y(t - h)) - (y(t + 2 * h) - y(t - 2 * h))) / (12 * h);
      const Tensor f = p.term(scalar(t, DType::float64), {y(t)})[0];
      CHECK(largest(slope - f) <= 1e-7 * (1 + largest(f)));
    }
  }
}

TEST_CASE("Problems are found by name, have a description, and start at their initial state") {
  CHECK(ode_problem_names().size() == 49);
  for (const std::string& name : ode_problem_names()) {
    const OdeProblem p = ode_problem(name);
    INFO(name);
    CHECK(p.name == name);
    CHECK_FALSE((p.title.empty() || p.source.empty()));
    CHECK(p.times.size() >= 2);
    CHECK(std::is_sorted(p.times.begin(), p.times.end()));
    CHECK((p.atol_per_rtol.size() == 1 || static_cast<int64_t>(p.atol_per_rtol.size()) == p.y0[0].size()));
  }
  CHECK_THROWS_WITH(ode_problem("robertsen"),
                    Contains("no problem \"robertsen\"") && Contains("robertson, oregonator"));
  const OdeOptions o = tolerances(ode_problem("robertson"), 1e-4, {.method = "bdf"});
  CHECK(o.rtol == 1e-4);
  CHECK(o.atol == Approx(1e-10));
  CHECK(o.method == "bdf");
}

TEST_CASE("Polynomials of several degrees, and those that are constant or 0") {
  const Tensor y = tensor({2, 3, 5}, DType::float64);
  const ode::problems::Polynomial mixed(3, 2,
                                        {{0, 4, {}}, {0, 2, {1}}, {1, 3, {0, 2}}, {1, -1, {2, 0}}, {0, 1, {0, 1, 1}}});
  CHECK(mixed(y).values() == std::vector<double>{4 + 6 + 18, 20});
  CHECK(ode::problems::Polynomial(3, 2, {{1, 7, {}}})(y).values() == std::vector<double>{0, 7});
  CHECK(ode::problems::Polynomial(3, 2, {})(y).values() == std::vector<double>{0, 0});
  CHECK(ode::problems::Polynomial(3, 1, {{0, 2, {1, 1}}, {0, 1, {}}})(y).values() == std::vector<double>{19});
  CHECK_THROWS_AS(ode::problems::Polynomial(3, 2, {{2, 1, {0}}}), ValueError);
  CHECK_THROWS_AS(ode::problems::Polynomial(3, 2, {{0, 1, {3}}}), ValueError);
}

}  // namespace dimwise::ode_problems_diagonals_tests
