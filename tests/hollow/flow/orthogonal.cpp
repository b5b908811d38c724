// Orthonormal columns by Björck's iterations and products of Householder reflections.
#include "hollow/flow/orthogonal.hpp"

#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/linalg.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::orthogonal_tests {

namespace {

constexpr DType f64 = DType::float64;

double distance(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

Tensor gram(const Tensor& q) { return matmul(q, q, {.transpose_a = true}); }

}  // namespace

TEST_CASE("orthonormal columns are orthonormal, in both dtypes and in batches") {
  for (const auto& [dtype, tolerance] : {std::pair{f64, 1e-9}, std::pair{DType::float32, 2e-6}})
    for (const Shape& shape : {Shape{64, 8}, Shape{3, 2, 5, 3}, Shape{40, 64, 64}, Shape{7, 1}}) {
      const Tensor q = orthonormal_columns(5.0 * Rng(1).normal(shape, dtype));
      REQUIRE(q.shape() == shape);
      CHECK(distance(gram(q), eye(shape.dim(-1), dtype)) < tolerance);
    }
}

TEST_CASE("orthonormal columns are the polar factor, the nearest matrix") {
  // A = Q (QᵀA) with a symmetric positive definite QᵀA.
  const Tensor a = Rng(2).normal({6, 3}, f64), q = orthonormal_columns(a), p = matmul(q, a, {.transpose_a = true});
  CHECK(distance(matmul(q, p), a) < 1e-9);
  CHECK(distance(p, transpose(p)) < 1e-9);
  CHECK_NOTHROW(cholesky(p));
}

TEST_CASE("dependent columns and more columns than rows are rejected") {
  CHECK_THROWS_WITH(orthonormal_columns(tensor({1, 2, 2, 4, 3, 6}, {3, 2}, f64)),
                    Catch::Contains("did not reach QᵀQ = I") && Catch::Contains("independent"));
  CHECK_THROWS_AS(orthonormal_columns(full({3, 2}, NAN, f64)), SolverError);
  // A sum of two columns, and a repeated one, up to rounding.
  for (const DType dtype : {DType::float32, f64}) {
    CHECK_THROWS_AS(orthonormal_columns(tensor({1, 2, 3, 0, 1, 1, 2, -1, 1, 1, 1, 2}, {4, 3}, dtype)), SolverError);
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const Tensor c = Rng(seed).normal({6, 2}, dtype), first = slice(c, 1, 0, 1), second = slice(c, 1, 1, 2);
      CHECK_THROWS_AS(orthonormal_columns(concat({c, first}, 1)), SolverError);
      CHECK_THROWS_AS(orthonormal_columns(concat({c, 0.3 * first + 0.7 * second}, 1)), SolverError);
    }
  }
  CHECK(orthonormal_columns(zeros({0, 5, 2})).shape() == Shape{0, 5, 2});
  CHECK_THROWS_WITH(orthonormal_columns(ones({2, 3})), Catch::Contains("at least as many rows as columns"));
  CHECK_THROWS_AS(orthonormal_columns(ones({3})), ShapeError);
}

TEST_CASE("a product of reflections is orthogonal, and its transpose is the inverse") {
  const Tensor v = Rng(3).normal({3, 5}, f64), q = transpose(reflect(eye(5, f64), v));
  CHECK(distance(gram(q), eye(5, f64)) < 1e-13);
  const Tensor x = Rng(4).normal({7, 5}, f64);
  CHECK(distance(reflect(x, v), matmul(x, q, {.transpose_b = true})) < 1e-13);
  CHECK(distance(reflect(x, v, true), matmul(x, q)) < 1e-13);
  CHECK(distance(reflect(reflect(x, v), v, true), x) < 1e-13);
  // Q = H₁ H₂ H₃ computed explicitly.
  Tensor product = eye(5, f64);
  for (int64_t i = 0; i < 3; ++i) {
    const Tensor u = reshape(row(v, i), {5, 1});
    product = matmul(product, eye(5, f64) - 2.0 / sum(square(u)) * matmul(u, u, {.transpose_b = true}));
  }
  CHECK(distance(q, product) < 1e-13);
  CHECK_THROWS_AS(reflect(x, ones({3, 4}, f64)), ShapeError);
  CHECK_THROWS_WITH(reflect(x, ones({5}, f64)), Catch::Contains("reflections"));
}

TEST_CASE("derivatives pass through the iterations and the reflections") {
  const Rng rng(5);
  check_grads([](const auto& in) { return orthonormal_columns(in[0]); }, {rng.normal({2, 4, 2}, f64)});
  for (const bool transposed : {false, true})
    check_grads([&](const auto& in) { return reflect(in[0], in[1], transposed); },
                {rng.split("x").normal({2, 3}, f64), rng.split("v").normal({2, 2, 3}, f64)});
}

}  // namespace dimwise::orthogonal_tests
