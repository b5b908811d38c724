#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/op.hpp"
#include "hollow/solve/linear/gmres.hpp"
#include "hollow/solve/linear/lu.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/solve/solve_problems.hpp"

namespace dimwise::solve_gmres_tests {

using namespace dimwise::test;
using Catch::Matchers::Contains;

namespace {

Function product_with(const Tensor& a, int64_t* count = nullptr) {
  return [a, count](const Tensor& v) {
    if (count) ++*count;
    return linear(v, a);
  };
}

// I plus a random part: well conditioned, not symmetric.
Tensor easy_matrix(int64_t n, DType dtype = DType::float64) {
  return eye(n, dtype) + (0.4 / std::sqrt(n)) * Rng(1).normal({n, n}, dtype);
}

double rms(const Tensor& r) { return std::sqrt(mean(square(r)).item()); }

}  // namespace

TEST_CASE("GMRES finds the solution of a direct method, with and without restarts") {
  const Tensor a = easy_matrix(50), b = Rng(2).normal({50}, DType::float64), x = Lu(a).solve(b);
  for (const int64_t restart : {4, 50}) {
    const KrylovSolution s = gmres(product_with(a), b, {.rtol = 1e-12, .restart = restart});
    CHECK(s.converged);
    CHECK(furthest(s.x, x) < 1e-10);
  }
}

TEST_CASE("The residual that GMRES reports is that of its solution, and is below the requested bound") {
  const Tensor a = easy_matrix(40), b = Rng(2).normal({40}, DType::float64);
  const Tensor weights = exp(Rng(3).normal({40}, DType::float64));
  for (const Tensor& w : {Tensor(), weights})
    for (const double tolerance : {1e-2, 1e-5, 1e-9})
      for (const int64_t restart : {5, 40}) {
        const KrylovSolution s =
            gmres(product_with(a), b, {.rtol = 0, .atol = tolerance, .weights = w, .restart = restart});
        const Tensor r = b - product_with(a)(s.x);
        CHECK(s.converged);
        CHECK(s.residual <= tolerance);
        CHECK(rms(w.defined() ? r * w : r) == Approx(s.residual).epsilon(1e-3).margin(1e-13));
      }
}

TEST_CASE("With weights GMRES minimizes the weighted residual") {
  // The best multiple of the only vector of the space, in the weighted norm, is known.
  const Tensor a = tensor({2, 1, 0, 3}, {2, 2}, DType::float64), b = tensor({1, 1}, DType::float64);
  const Tensor w = tensor({1, 10}, DType::float64);
  const Tensor image = product_with(a)(b) * w, wanted = b * w;
  const double best = sum(image * wanted).item() / sum(image * image).item();
  const KrylovSolution s = gmres(product_with(a), b, {.rtol = 0, .weights = w, .max_iterations = 1});
  CHECK(furthest(s.x, best * b) < 1e-14);
}

TEST_CASE("A preconditioner saves iterations and does not change the solution") {
  const int64_t n = 60;
  const Tensor d = exp(2 * Rng(3).normal({n}, DType::float64)), a = easy_matrix(n) * unsqueeze(d, -1);
  const Tensor b = Rng(2).normal({n}, DType::float64), x = Lu(a).solve(b);
  const GmresOptions plain{.rtol = 1e-10, .restart = 60};
  GmresOptions better = plain;
  better.preconditioner = [&](const Tensor& v) { return v / d; };
  const KrylovSolution slow = gmres(product_with(a), b, plain), fast = gmres(product_with(a), b, better);
  CHECK(fast.converged);
  CHECK(furthest(fast.x, x) < 1e-6);
  CHECK(2 * fast.iterations < slow.iterations);
}

TEST_CASE("With the inverse as preconditioner GMRES needs exactly one iteration") {
  const Tensor a = easy_matrix(10), b = Rng(2).normal({10}, DType::float64);
  const Lu lu(a);
  GmresOptions options{.rtol = 1e-14};
  options.preconditioner = [&](const Tensor& v) { return lu.solve(v); };
  const KrylovSolution s = gmres(product_with(a), b, options);
  CHECK(s.converged);
  CHECK(s.iterations == 1);
  CHECK(furthest(s.x, lu.solve(b)) < 1e-13);
}

TEST_CASE("GMRES ends early if the Krylov space contains the solution, even if rtol is 0") {
  // b is in an invariant space of dimension 2.
  const Tensor a = diag_embed(tensor({1, 2, 3, 4, 5}, DType::float64)), b = tensor({1, 0, 0, 1, 0}, DType::float64);
  const KrylovSolution s = gmres(product_with(a), b, {.rtol = 0});
  CHECK(s.iterations == 2);
  CHECK(furthest(s.x, tensor({1, 0, 0, 0.25, 0}, DType::float64)) < 1e-14);
}

TEST_CASE("GMRES of zero is zero and costs nothing") {
  int64_t products = 0;
  const KrylovSolution s = gmres(product_with(easy_matrix(4), &products), zeros({3, 4}, DType::float64));
  CHECK(s.converged);
  CHECK(products == 0);
  CHECK(furthest(s.x, zeros({3, 4}, DType::float64)) == 0);
  CHECK(gmres(product_with(easy_matrix(4)), zeros({0, 4}, DType::float64)).converged);
}

TEST_CASE("A singular matrix, NaN and too few iterations end unconverged") {
  const Tensor singular = diag_embed(tensor({1, 0}, DType::float64)), b = tensor({1, 1}, DType::float64);
  const KrylovSolution s = gmres(product_with(singular), b);
  CHECK_FALSE(s.converged);
  CHECK(s.residual == Approx(std::sqrt(0.5)));
  CHECK(s.x.values()[0] == Approx(1));
  CHECK_FALSE(gmres(product_with(zeros({2, 2}, DType::float64)), b).converged);

  CHECK_FALSE(gmres(product_with(eye(2, DType::float64)), tensor({NAN, 1}, DType::float64)).converged);
  const KrylovSolution broken = gmres(product_with(tensor({NAN, 1, 1, 1}, {2, 2}, DType::float64)), b);
  CHECK_FALSE(broken.converged);
  CHECK(std::isnan(broken.residual));
  CHECK(furthest(broken.x, zeros({2}, DType::float64)) == 0);

  int64_t products = 0;
  const KrylovSolution early = gmres(product_with(easy_matrix(50), &products), Rng(2).normal({50}, DType::float64),
                                     {.rtol = 1e-12, .restart = 3, .max_iterations = 7});
  CHECK_FALSE(early.converged);
  CHECK(early.iterations == 7);
  CHECK(products == 7);
}

TEST_CASE("GMRES treats a batch as one vector, in float32 too, and records nothing") {
  const Tensor a = track(easy_matrix(20, DType::float32)), b = track(Rng(2).normal({4, 20}));
  const KrylovSolution s = gmres(product_with(a), b, {.rtol = 1e-5});
  CHECK(s.converged);
  CHECK_FALSE(s.x.tracked());
  CHECK(rms(b - product_with(a)(s.x)) < 2e-5 * rms(b));
}

TEST_CASE("GMRES reports arguments that do not fit") {
  const Tensor b = ones({3}, DType::float64);
  CHECK_THROWS_AS(gmres([](const Tensor&) { return ones({2}, DType::float64); }, b), ShapeError);
  CHECK_THROWS_AS(gmres([](const Tensor& v) { return astype(v, DType::float32); }, b), DTypeError);
  CHECK_THROWS_AS(gmres(neg, b, {.weights = ones({2}, DType::float64)}), ShapeError);
  CHECK_THROWS_AS(gmres(neg, b, {.weights = zeros({3}, DType::float64)}), ValueError);
  const auto refused = [&](const Function& preconditioner, const char* given) {
    GmresOptions options;
    options.preconditioner = preconditioner;
    CHECK_THROWS_WITH(gmres(neg, b, options), Contains("the preconditioned vector") && Contains(given));
  };
  refused([](const Tensor& v) { return slice(v, -1, 0, 2); }, "(2,)");
  refused([](const Tensor& v) { return unsqueeze(v, 0); }, "(1, 3)");
  refused([](const Tensor& v) { return astype(v, DType::float32); }, "float32");
  CHECK_THROWS_AS(gmres(neg, b, {.rtol = -1}), ValueError);
  CHECK_THROWS_AS(gmres(neg, b, {.restart = 0}), ValueError);
}

}  // namespace dimwise::solve_gmres_tests
