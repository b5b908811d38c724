// Every method on equations that it is suited for.

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "tests/hollow/solve/solve_problems.hpp"

namespace dimwise::solve_roots_tests {

using namespace dimwise::test;

namespace {

RootOptions tight(const std::string& method) {
  return {.method = method, .rtol = 1e-12, .atol = 1e-12, .max_iterations = 200};
}

// The root and, in the units of y, how far it may be from the true one.
void check_root(const RootProblem& equation, const Tensor& y0, const RootOptions& options, const Tensor& root) {
  INFO(options.method << " on shape " << y0.shape().str());
  const RootSolution s = find_root(equation, y0, options);
  INFO(s.message);
  REQUIRE(s.status == RootStatus::converged);
  CHECK(s.message.empty());
  CHECK(furthest(s.y, root) < 1e-10);
  CHECK(s.error <= 1);
  CHECK(s.residual < 1e-8);
}

}  // namespace

TEST_CASE("Every method finds the root of a contraction, in 1 to 200 dimensions and in batches") {
  for (const Shape& shape : {Shape{1}, Shape{2}, Shape{64}, Shape{200}, Shape{5, 3}, Shape{2, 3, 16}}) {
    const Tensor x = Rng(2).normal(shape, DType::float64);
    const RootProblem equation = contractive(unit_matrix(shape.dim(-1)), x);
    const NoGrad guard;
    Tensor root = x;
    for (int i = 0; i < 200; ++i) root = root - equation.residual(root);
    for (const std::string& method : root_methods()) check_root(equation, x, tight(method), root);
  }
}

TEST_CASE("If the diagonal dominates, jacobi_newton and the Newton methods agree, and picard does not converge") {
  for (const Shape& shape : {Shape{1}, Shape{2}, Shape{64}, Shape{200}, Shape{4, 10}}) {
    const Tensor x = 10 * Rng(2).normal(shape, DType::float64), y0 = zeros(shape, DType::float64);
    const RootProblem equation = dominant(shape.dim(-1), x);
    const Tensor root = value_or_throw(find_root(equation, y0, tight("newton"))).y;
    for (const char* method : {"jacobi_newton", "newton_krylov"}) check_root(equation, y0, tight(method), root);
    CHECK(find_root(equation, y0, tight("picard")).status != RootStatus::converged);
  }
}

TEST_CASE("If the off-diagonal elements dominate, newton and newton_krylov find the root, and jacobi_newton does not") {
  for (const Shape& shape : {Shape{2}, Shape{64}, Shape{3, 8}}) {
    const Tensor x = Rng(2).normal(shape, DType::float64), y0 = zeros(shape, DType::float64);
    const RootProblem equation = rotating(shape.dim(-1), x);
    const Tensor root = value_or_throw(find_root(equation, y0, tight("newton"))).y;
    const NoGrad guard;
    CHECK(max(abs(equation.residual(root))).item() < 1e-11);
    check_root(equation, y0, tight("newton_krylov"), root);
    check_root({equation.residual}, y0, tight("newton_krylov"), root);
    CHECK(find_root(equation, y0, tight("jacobi_newton")).status != RootStatus::converged);
  }
}

TEST_CASE("broyden finds roots that picard does not, with or without the diagonal as its initial matrix") {
  const Tensor x = Rng(2).normal({3, 6}, DType::float64), y0 = zeros({3, 6}, DType::float64);
  const RootProblem equation = dominant(6, x);
  const Tensor root = value_or_throw(find_root(equation, y0, tight("newton"))).y;
  check_root(equation, y0, tight("broyden"), root);
  const RootProblem rotation = rotating(2, Rng(2).normal({3, 2}, DType::float64));
  check_root({rotation.residual}, zeros({3, 2}, DType::float64), tight("broyden"),
             value_or_throw(find_root(rotation, zeros({3, 2}, DType::float64), tight("newton"))).y);
}

TEST_CASE("On a HollowNet jacobi_newton finds the same root as newton") {
  for (const int64_t d : {2, 16}) {
    const Tensor x = Rng(3).normal({7, d}, DType::float64);
    const RootProblem equation = hollow_root_problem(small_net(d).at(), 0.3, x);
    const NoGrad guard;
    const Tensor root = value_or_throw(find_root(equation, x, tight("newton"))).y;
    check_root(equation, x, tight("jacobi_newton"), root);
    CHECK(furthest(root, 0.3 * small_net(d)(root) + x) < 1e-11);
  }
}

TEST_CASE("The three functions of hollow_root_problem agree") {
  const Tensor y = Rng(3).normal({4, 5}, DType::float64), c = Rng(4).normal({4, 5}, DType::float64);
  const AnyHollowNet net = small_net(5);
  const NoGrad guard;
  const RootProblem e = hollow_root_problem(net.at(), -2, c);
  const auto [f, d] = e.both(y);
  CHECK(furthest(f, y + 2 * net(y) - c) < 1e-14);
  CHECK(furthest(e.residual(y), f) == 0);
  CHECK(furthest(e.diagonal(y), d) == 0);
  CHECK(furthest(d, 1 + 2 * dimwise::dimwise(net.at(), y)[1]) < 1e-14);
  CHECK(furthest(hollow_root_problem(net.at()).residual(y), y - net(y)) < 1e-14);
}

TEST_CASE("A fixed point is a root, with or without the diagonal") {
  const Tensor y0 = tensor({0.5, 1}, DType::float64), root = full({2}, 0.7390851332151607, DType::float64);
  const Function g = [](const Tensor&y) { return cos(y); }, slope = [](const Tensor&y) { return -sin(y); };
  for (const std::string& method : root_methods())
    CHECK(furthest(value_or_throw(fixed_point(g, y0, tight(method), slope)).y, root) < 1e-11);
  CHECK(furthest(value_or_throw(fixed_point(g, y0, tight("anderson"))).y, root) < 1e-11);
  CHECK_THROWS_AS(fixed_point(g, y0, tight("jacobi_newton")), ValueError);
}

TEST_CASE("float32 converges to its rounding, even with smaller tolerances") {
  const Tensor x = Rng(2).normal({4, 8});
  const Tensor w = unit_matrix(8), exact = value_or_throw(find_root(contractive(w, astype(x, DType::float64)),
                                                                    astype(x, DType::float64), tight("newton")))
                                               .y;
  for (const std::string& method : root_methods())
    for (const double tolerance : {1e-3, 1e-12}) {
      INFO(method << " at " << tolerance);
      RootOptions options = tight(method);
      options.rtol = options.atol = tolerance;
      const RootSolution s = find_root(contractive(astype(w, DType::float32), x), x, options);
      INFO(s.message);
      CHECK(s.status == RootStatus::converged);
      CHECK(s.y.dtype() == DType::float32);
      CHECK(furthest(astype(s.y, DType::float64), exact) < 2 * std::max(tolerance, 4e-6));
    }
}

TEST_CASE("A row's root does not depend on the other rows") {
  const Tensor x = Rng(2).normal({3, 4}, DType::float64), w = unit_matrix(4);
  for (const std::string& method : root_methods()) {
    const Tensor together = value_or_throw(find_root(contractive(w, x), x, tight(method))).y;
    for (int64_t row = 0; row < 3; ++row) {
      const Tensor mine = select(x, 0, row);
      CHECK(furthest(value_or_throw(find_root(contractive(w, mine), mine, tight(method))).y, select(together, 0, row)) <
            1e-11);
    }
  }
}

TEST_CASE("A root as the first guess is kept, at the cost of one evaluation") {
  for (const std::string& method : root_methods()) {
    Counts counts;
    const RootProblem zero{.residual = [](const Tensor& y) { return y * y; },
                           .diagonal = [](const Tensor& y) { return 2 * y; }};
    const RootSolution s = find_root(counted(zero, counts), zeros({3}, DType::float64), tight(method));
    CHECK(s.status == RootStatus::converged);
    CHECK(s.statistics.iterations == 0);
    CHECK(counts.residuals == 1);
  }
}

TEST_CASE("Tolerances are in the units of y, whatever the units of F and of y") {
  // Scaling F by 1e9 and y by 1e-6 changes no iterate of the Newton methods and no count.
  const Tensor x = 10 * Rng(2).normal({3, 5}, DType::float64), y0 = zeros({3, 5}, DType::float64);
  const RootProblem plain = dominant(5, x);
  const RootProblem scaled{.residual = [=](const Tensor& z) { return 1e9 * plain.residual(1e6 * z); },
                           .diagonal = [=](const Tensor& z) { return 1e15 * plain.diagonal(1e6 * z); }};
  for (const char* method : {"jacobi_newton", "newton", "newton_krylov", "broyden"}) {
    RootOptions options = tight(method);
    const RootSolution a = find_root(plain, y0, options);
    options.atol *= 1e-6;
    const RootSolution b = find_root(scaled, y0, options);
    INFO(method);
    CHECK(furthest(a.y, 1e6 * b.y) < 1e-11);
    CHECK(a.statistics.iterations == b.statistics.iterations);
    CHECK(a.statistics.products == b.statistics.products);
  }
}

}  // namespace dimwise::solve_roots_tests
