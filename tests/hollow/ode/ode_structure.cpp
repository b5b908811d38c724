// Implicit methods with sparse Jacobians: the same steps and gradients as with dense ones, for fewer products.
#include <algorithm>
#include <string>
#include <vector>

#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "autodiff/custom.hpp"
#include "autodiff/transforms.hpp"
#include "ops/index.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/lattices.hpp"

namespace dimwise::ode_structure_tests {

using namespace dimwise::lattices;
using Catch::Matchers::Contains;

namespace {

OdeTerm with_pattern(const OdeTerm& term, const SparsityPattern& pattern) {
  OdeTerm given = term;
  given.sparsity = pattern;
  return given;
}

std::vector<int64_t> steps(const OdeStatistics& s) {
  return {s.evaluations, s.jacobians, s.factorizations, s.iterations, s.accepted, s.rejected, s.corrector_failures};
}

}  // namespace

TEST_CASE("With a pattern, each method takes the steps that it takes with the dense Jacobian") {
  const NoGrad guard;
  for (const int64_t n : {1, 2, 3, 17, 33})
    for (const Shape& batch : {Shape{}, Shape{3}})
      for (const std::string& method : implicit_methods) {
        if (n < 3 && batch.rank() > 0) continue;
        Shape shape = batch;
        shape.push_back(n);
        for (const bool closed : {false, true}) {
          if (closed && n < 3) continue;
          INFO(n << ' ' << shape << ' ' << method << ' ' << closed);
          const OdeTerm term = diffusion(strength, closed);
          const State y0{start_of(shape)};
          const auto dense = value_or_throw(odeint(term, y0, {0, 1}, newton(method)));
          const auto sparse = value_or_throw(odeint(
              with_pattern(term, closed ? ring(n) : SparsityPattern::banded(n, 1, 1)), y0, {0, 1}, newton(method)));
          CHECK(steps(sparse.statistics) == steps(dense.statistics));
          // Steps of adams at its bound of stability amplify rounding.
          const double tolerance = method == "adams" ? 1e-5 : 1e-9;
          CHECK(off(sparse.y.back()[0].values(), dense.y.back()[0].values()) < tolerance);
        }
      }
}

TEST_CASE("A pattern need not contain the diagonal") {
  const NoGrad guard;
  // Oscillators of two components each.
  const VectorField f = [](const Tensor&, const State& y) -> State {
    const Tensor x = slice(y[0], -1, 0, 8, 2), v = slice(y[0], -1, 1, 8, 2);
    return {reshape(stack({100 * v, -100 * x}, -1), {8})};
  };
  const SparsityPattern pattern(8, {0, 1, 2, 3, 4, 5, 6, 7}, {1, 0, 3, 2, 5, 4, 7, 6});
  for (const std::string& method : implicit_methods) {
    const auto dense = value_or_throw(odeint(f, {start_of({8})}, {0, 0.2}, newton(method)));
    const auto sparse = value_or_throw(odeint(with_pattern(f, pattern), {start_of({8})}, {0, 0.2}, newton(method)));
    CHECK(steps(sparse.statistics) == steps(dense.statistics));
  }
}

TEST_CASE("A Jacobian takes as many products as the pattern has colors, and one, for any number of unknowns") {
  const NoGrad guard;
  for (const int64_t n : {30, 3000})
    for (const std::string& method : implicit_methods) {
      const auto s = value_or_throw(odeint(with_pattern(diffusion(strength), SparsityPattern::banded(n, 1, 1)),
                                           {start_of({n})}, {0, 0.1}, newton(method)));
      CHECK(s.statistics.products == 4 * s.statistics.jacobians);
      CHECK(s.statistics.jacobians > 0);
    }
  // If f is not recorded, evaluations take the place of products.
  int64_t calls = 0;
  const VectorField loops = [&, f = diffusion(strength)](const Tensor& t, const State& y) {
    ++calls;
    const NoGrad unrecorded;
    return f(t, y);
  };
  for (const int64_t n : {30, 3000}) {
    calls = 0;
    const OdeStatistics s = value_or_throw(odeint(with_pattern(loops, SparsityPattern::banded(n, 1, 1)),
                                                  {start_of({n})}, {0, 0.1}, newton("bdf")))
                                .statistics;
    CHECK(calls == s.evaluations);
    CHECK(s.evaluations < s.iterations + 5 * s.jacobians + 3);
  }
}

TEST_CASE("A pattern is searched for if there are many unknowns, and automatic uses it") {
  const NoGrad guard;
  for (const int64_t n : {200, 201, 2000}) {
    const OdeTerm term = diffusion(strength);
    const State y0{start_of({n})};
    OdeOptions options = newton("bdf");
    const auto given =
        value_or_throw(odeint(with_pattern(term, SparsityPattern::banded(n, 1, 1)), y0, {0, 0.1}, options));
    options.implicit.corrector = "automatic";
    const auto found = value_or_throw(odeint(term, y0, {0, 0.1}, options));
    CHECK(found.statistics.corrector == "newton");
    CHECK(steps(found.statistics) == steps(given.statistics));
    if (n == 200)
      CHECK(found.statistics.products == 0);
    else
      CHECK(found.statistics.products < given.statistics.products + 60);
  }
  // A matrix that is not sparse: newton_krylov, after a search that ends early.
  const int64_t n = 300;
  const Tensor a = Rng(2).normal({n, n}, DType::float64) / std::sqrt(n);
  const VectorField full = [=](const Tensor&, const State& y) -> State { return {linear(y[0], a) - 100 * y[0]}; };
  OdeOptions options = newton("bdf", 1e-4);
  const auto dense = value_or_throw(odeint(full, {start_of({n})}, {0, 0.1}, options));
  CHECK(dense.statistics.corrector == "newton");
  CHECK(dense.statistics.products <= 96);
  options.implicit.corrector = "automatic";
  CHECK(value_or_throw(odeint(full, {start_of({n})}, {0, 0.1}, options)).statistics.corrector == "newton_krylov");
}

TEST_CASE("A found pattern grows with f") {
  // The coupling to the right begins at t = 0.05; at y = 0 that to the left has no derivative either.
  const NoGrad guard;
  const int64_t n = 300;
  const VectorField f = [=](const Tensor& t, const State& y) -> State {
    const Tensor &u = y[0], zero = zeros({1}, DType::float64);
    const Tensor left = concat({zero, slice(u, -1, 0, n - 1)}), right = concat({slice(u, -1, 1, n), zero});
    const Tensor coupled = -1000 * (u - 1 - 0.1 * left * left);
    return {t.item() < 0.05 ? coupled : coupled + 100 * right};
  };
  for (const char* method : {"bdf", "radau5"}) {
    OdeOptions options = newton(method);
    const auto s = value_or_throw(odeint(f, {zeros({n}, DType::float64)}, {0, 0.2}, options));
    options.implicit.corrector = "newton_krylov";
    const auto exact = value_or_throw(odeint(f, {zeros({n}, DType::float64)}, {0, 0.2}, options));
    CHECK(off(s.y.back()[0].values(), exact.y.back()[0].values()) < 1e-3);
    CHECK(s.statistics.corrector_failures <= exact.statistics.corrector_failures + 5);
  }
}

TEST_CASE("Entries that come and go are searched for once each") {
  const NoGrad guard;
  const int64_t n = 300;
  const VectorField f = [=](const Tensor& t, const State& y) -> State {
    const Tensor &u = y[0], zero = zeros({1}, DType::float64);
    const Tensor left = concat({zero, slice(u, -1, 0, n - 1)}), right = concat({slice(u, -1, 1, n), zero});
    return {-1000 * (u - 0.5 * (std::cos(40 * t.item()) > 0 ? left : right) - 1)};
  };
  const OdeStatistics s = value_or_throw(odeint(f, {start_of({n})}, {0, 1}, newton("bdf"))).statistics;
  CHECK(s.jacobians > 12);
  CHECK(s.products < 5 * s.jacobians + 150);
}

TEST_CASE("A full row, or a full column, of the Jacobian does not hide the rest") {
  const NoGrad guard;
  const int64_t n = 300;
  const Tensor first = concat({ones({1}, DType::float64), zeros({n - 1}, DType::float64)});
  for (const bool row : {false, true}) {
    const VectorField f = [=](const Tensor&, const State& y) -> State {
      const Tensor mean_of_all = sum(y[0]) / static_cast<double>(n);
      return {-300 * y[0] + (row ? first * mean_of_all : slice(y[0], -1, 0, 1))};
    };
    OdeOptions options = newton("bdf");
    options.implicit.corrector = "automatic";
    const auto s = value_or_throw(odeint(f, {start_of({n})}, {0, 0.1}, options));
    CHECK(s.statistics.corrector == "newton");
    CHECK(s.statistics.products < 200);
  }
}

TEST_CASE("A pattern that lacks an entry is refused with its place, and one of another size with both") {
  const int64_t n = 30;
  const auto solve = [&](const VectorField& f, const SparsityPattern& p, const Tensor& y0) {
    return odeint(with_pattern(f, p), {y0}, {0, 0.1}, newton("bdf"));
  };
  const VectorField loops = [f = diffusion(strength)](const Tensor& t, const State& y) {
    const NoGrad unrecorded;
    return f(t, y);
  };
  for (const VectorField& f : {diffusion(strength), loops})
    for (const Shape& shape : {Shape{n}, Shape{4, n}}) {
      CHECK_THROWS_WITH(solve(f, SparsityPattern::banded(n, 1, 0), start_of(shape)), Contains("lacks the entry"));
      CHECK_THROWS_AS(solve(f, SparsityPattern::banded(n, 1, 0), start_of(shape)), ValueError);
      CHECK_NOTHROW(solve(f, SparsityPattern::banded(n, 2, 1), start_of(shape)));
    }
  // The only missing entry.
  SparsityPattern full = SparsityPattern::banded(n, 1, 1);
  std::vector<int64_t> rows = full.rows(), columns = full.columns();
  const auto at = std::find_if(columns.begin(), columns.end(), [](int64_t j) { return j == 17; }) - columns.begin();
  REQUIRE(rows[at] == 16);
  rows.erase(rows.begin() + at);
  columns.erase(columns.begin() + at);
  CHECK_THROWS_WITH(solve(diffusion(strength), {n, rows, columns}, start_of({n})), Contains("(16, 17)"));
  CHECK_THROWS_AS(solve(diffusion(strength), SparsityPattern::banded(n - 1, 1, 1), start_of({n})), ShapeError);
}

TEST_CASE("A user's own Jacobian has the values of the pattern's entries") {
  const NoGrad guard;
  const int64_t n = 30;
  OdeTerm term([](const Tensor&, const State& y) -> State { return {-50 * y[0] * y[0]}; });
  term.sparsity = SparsityPattern::banded(n, 0, 0);
  term.jacobian = [](const Tensor&, const State& y) { return -100 * y[0]; };
  const auto s = value_or_throw(odeint(term, {start_of({2, n})}, {0, 1}, newton("bdf")));
  CHECK(s.statistics.products == 0);
  OdeTerm plain(term.f);
  CHECK(s.statistics.accepted ==
        value_or_throw(odeint(plain, {start_of({2, n})}, {0, 1}, newton("bdf"))).statistics.accepted);
  term.jacobian = [=](const Tensor&, const State&) { return zeros({n, n}, DType::float64); };
  CHECK_THROWS_WITH(odeint(term, {start_of({2, n})}, {0, 1}, newton("bdf")), Contains("sparsity"));
}

TEST_CASE("A rule without jvp, and a dense Jacobian of the user's, leave the choice as it is") {
  const NoGrad guard;
  const int64_t n = 30;
  const CustomRule decay{"decay", [](const std::vector<Tensor>& in) { return -50 * in[0] * in[0]; },
                         [](const std::vector<Tensor>& in, const Tensor&, const Tensor& w) -> std::vector<Tensor> {
                           return {-100 * in[0] * w};
                         }};
  const VectorField f = [=](const Tensor&, const State& y) -> State { return {custom(decay, {y[0]})}; };
  const auto dense = value_or_throw(odeint(f, {start_of({n})}, {0, 1}, newton("bdf")));
  const auto given =
      value_or_throw(odeint(with_pattern(f, SparsityPattern::banded(n, 0, 0)), {start_of({n})}, {0, 1}, newton("bdf")));
  CHECK(given.statistics.products == 0);
  CHECK(given.y.back()[0].values() == dense.y.back()[0].values());

  OdeTerm term(diffusion(strength));
  int64_t asked = 0;
  term.jacobian = [&](const Tensor&, const State&) {
    ++asked;
    return zeros({250, 250}, DType::float64);
  };
  OdeOptions options = newton("bdf");
  options.implicit.corrector = "automatic";
  const auto s = value_or_throw(odeint(term, {start_of({250})}, {0, 0.1}, options));
  CHECK(asked == 0);
  CHECK(s.statistics.corrector == "newton");
}

TEST_CASE("float32 states are solved with their pattern") {
  const NoGrad guard;
  for (const std::string& method : implicit_methods) {
    const OdeTerm term = diffusion(scalar(300, DType::float32));
    const State y0{start_of({21}, DType::float32)};
    const auto dense = value_or_throw(odeint(term, y0, {0, 0.5}, newton(method, 1e-3)));
    const auto sparse = value_or_throw(
        odeint(with_pattern(term, SparsityPattern::banded(21, 1, 1)), y0, {0, 0.5}, newton(method, 1e-3)));
    CHECK(sparse.statistics.accepted == dense.statistics.accepted);
    CHECK(off(sparse.y.back()[0].values(), dense.y.back()[0].values()) < 1e-4);
  }
}

TEST_CASE("Gradients with a pattern are those with the dense Jacobian, in all modes") {
  const int64_t n = 12;
  for (const std::string& method : implicit_methods)
    for (const OdeGradient gradient : problems::all_gradients)
      for (const bool closed : {false, true}) {
        INFO(method << ' ' << static_cast<int>(gradient) << ' ' << closed);
        OdeOptions options = newton(method, 1e-6);
        options.gradient = gradient;
        options.implicit.tolerance = 1e-8;
        // Solved backwards, diffusion explodes.
        const double slower = gradient == OdeGradient::backsolve ? 0.01 : 1;
        const Tensor y0 = start_of({2, n});
        const auto term = [&](const Tensor& k) { return OdeTerm(diffusion(slower * k, closed)); };
        const Outcome dense = outcome(term, y0, options),
                      sparse = outcome(
                          [&](const Tensor&k) {
                            return with_pattern(term(k), closed ? ring(n) : SparsityPattern::banded(n, 1, 1));
                          },
                          y0, options);
        CHECK(off(sparse.value, dense.value) < 1e-9);
        CHECK(off(sparse.start, dense.start) < 1e-6);
        CHECK(off(sparse.parameter, dense.parameter) < 1e-6);
      }
}

TEST_CASE("The gradient of a step takes as many ops for any number of unknowns") {
  for (const char* method : {"kencarp4", "radau5"})
    for (const bool given : {true, false}) {
      std::vector<uint64_t> ops;
      for (const int64_t n : {40, 80}) {
        OdeOptions options = newton(method);
        options.steps = 3;
        const Tensor k = track(strength);
        const OdeTerm term = diffusion(k);
        const OdeSolution s = value_or_throw(odeint(given ? with_pattern(term, SparsityPattern::banded(n, 1, 1)) : term,
                                                    {start_of({n})}, {0, 0.01}, options));
        const auto before = thread_context().ops_evaluated;
        grad(sum(s.y.back()[0]), k);
        ops.push_back(static_cast<uint64_t>(thread_context().ops_evaluated - before));
      }
      CHECK((ops[0] == ops[1]) == given);
    }
}

TEST_CASE("The backward solve counts the products of its Jacobians") {
  OdeOptions options = newton("bdf");
  options.gradient = OdeGradient::adjoint;
  const Tensor k = track(strength);
  const OdeSolution s = value_or_throw(
      odeint(with_pattern(diffusion(k), SparsityPattern::banded(30, 1, 1)), {start_of({30})}, {0, 0.1}, options));
  grad(sum(s.y.back()[0]), k);
  CHECK(s.adjoint->jacobians > 0);
  CHECK(s.adjoint->products == 4 * s.adjoint->jacobians);
}

TEST_CASE("Gradients of many unknowns use the pattern that is found, also where it grows") {
  const int64_t n = 220;
  for (const char* method : {"bdf", "kencarp4", "radau5"})
    for (const OdeGradient gradient : {OdeGradient::direct, OdeGradient::checkpointed, OdeGradient::adjoint}) {
      INFO(method << ' ' << static_cast<int>(gradient));
      OdeOptions options = newton(method, 1e-5);
      options.gradient = gradient;
      options.implicit.tolerance = 1e-8;
      const auto term = [&](const Tensor& k) { return OdeTerm(diffusion(k)); };
      const Outcome found = outcome(term, start_of({n}), options);
      options.implicit.corrector = "newton_krylov";
      const Outcome krylov = outcome(term, start_of({n}), options);
      CHECK(off(found.start, krylov.start) < 1e-3);
      CHECK(off(found.parameter, krylov.parameter) < 1e-3);
    }
}

TEST_CASE("Rows that depend on each other are found, and one pattern for all unknowns then serves") {
  const int64_t rows = 120, n = 2;
  const VectorField f = [=](const Tensor&, const State& y) -> State {
    const Tensor u = transpose(y[0]);  // diffusion along the first axis
    return {300 * transpose(neighbors(u, 1, 1, false) - 2 * (u + neighbors(u, 1, 1, false) / 3)) - y[0] * y[0] * y[0]};
  };
  const State y0{start_of({rows, n})};
  const NoGrad guard;
  OdeOptions options = newton("bdf");
  const auto automatic = value_or_throw(odeint(f, y0, {0, 0.2}, options));
  options.implicit.coupling = RowCoupling::full;
  OdeTerm term = with_pattern(f, SparsityPattern::banded(rows * n, n, n));
  const auto full = value_or_throw(odeint(term, y0, {0, 0.2}, options));
  CHECK(steps(full.statistics)[4] == steps(automatic.statistics)[4]);
  CHECK(off(full.y.back()[0].values(), automatic.y.back()[0].values()) < 1e-9);
  CHECK(full.statistics.products == 6 * full.statistics.jacobians);
  // Of a row alone no pattern is right.
  options.implicit.coupling = RowCoupling::automatic;
  CHECK_THROWS_WITH(odeint(with_pattern(f, SparsityPattern::banded(n, 1, 1)), y0, {0, 0.2}, options),
                    Contains("RowCoupling::full"));
}

TEST_CASE("A state of several tensors and a quadrature has the pattern of all unknowns in their order") {
  const NoGrad guard;
  const int64_t n = 150;
  const VectorField f = [](const Tensor&, const State& y) -> State {
    const Tensor &u = y[0], &v = y[1], lattice = neighbors(u, 1, 1, false);
    return {200 * (lattice - 3 * u) - u * v, 50 * (u - v), square(u)};
  };
  OdeOptions options = newton("bdf");
  options.quadratures = {false, false, true};
  const State y0{start_of({n}), start_of({n}), zeros({n}, DType::float64)};
  const auto found = value_or_throw(odeint(f, y0, {0, 0.2}, options));
  CHECK(found.statistics.products > 0);
  options.implicit.corrector = "newton_krylov";
  const auto krylov = value_or_throw(odeint(f, y0, {0, 0.2}, options));
  for (size_t i = 0; i < 3; ++i) CHECK(off(found.y.back()[i].values(), krylov.y.back()[i].values()) < 1e-3);
}

}  // namespace dimwise::ode_structure_tests
