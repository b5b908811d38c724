#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"
#include "autodiff/op.hpp"
#include "hollow/solve/linear/lu.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/solve/solve_problems.hpp"

namespace dimwise::solve_lu_tests {

using namespace dimwise::test;
using Catch::Matchers::Contains;

namespace {

// A x and Aᵀ x for one system per row.
Tensor times(const Tensor& a, const Tensor& x, bool transpose_a = false) {
  return squeeze(matmul(a, unsqueeze(x, -1), {.transpose_a = transpose_a}), -1);
}

}  // namespace

TEST_CASE("Lu solves with A and with its transpose, one system per row") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const Shape& shape : {Shape{1}, Shape{2}, Shape{7}, Shape{5, 3}, Shape{2, 4, 30}, Shape{150}}) {
      const int64_t n = shape.dim(-1);
      Shape square = shape;
      square.push_back(n);
      const Tensor a = Rng(1).normal(square, dtype) + std::sqrt(n) * eye(n, dtype), b = Rng(2).normal(shape, dtype);
      const Lu lu(a);
      CHECK_FALSE(lu.singular());
      const double tolerance = dtype == DType::float32 ? 1e-3 : 1e-11;
      CHECK(furthest(times(a, lu.solve(b)), b) < tolerance);
      CHECK(furthest(times(a, lu.solve_transposed(b), true), b) < tolerance);
    }
}

TEST_CASE("One matrix can be used for all rows") {
  const Tensor a = Rng(1).normal({6, 6}, DType::float64), b = Rng(2).normal({2, 5, 6}, DType::float64);
  const Lu lu(a);
  CHECK(furthest(matmul(lu.solve(b), a, {.transpose_b = true}), b) < 1e-12);
  CHECK(furthest(matmul(lu.solve_transposed(b), a), b) < 1e-12);
}

TEST_CASE("A solve allocates one tensor and does not change A and b") {
  const Tensor a = Rng(1).normal({4, 3, 3}, DType::float64), b = Rng(2).normal({4, 3}, DType::float64);
  const std::vector<double> values = b.values(), matrix = a.values();
  const Lu lu(a);
  const int64_t nodes = live_nodes();
  const Tensor x = lu.solve(b);
  CHECK(live_nodes() == nodes + 1);
  CHECK(b.values() == values);
  CHECK(a.values() == matrix);
}

TEST_CASE("A singular matrix in any row is reported, and not solved") {
  Tensor a = concat({eye(2, DType::float64), tensor({1, 2, 2, 4}, {2, 2}, DType::float64)}, 0);
  const Lu lu(reshape(a, {2, 2, 2}));
  CHECK(lu.singular());
  CHECK_FALSE(lu.singular(0));
  CHECK(lu.singular(1));
  CHECK_THROWS_AS(lu.solve(ones({2, 2}, DType::float64)), ValueError);
  CHECK_THROWS_WITH(lu.solve_transposed(ones({2, 2}, DType::float64)), Contains("singular"));
}

TEST_CASE("Lu reports shapes and dtypes that do not fit") {
  CHECK_THROWS_AS(Lu(ones({2, 3})), ShapeError);
  CHECK_THROWS_AS(Lu(ones({3})), ShapeError);
  CHECK_THROWS_AS(Lu(ones({2, 0, 0})), ShapeError);
  CHECK_THROWS_AS(Lu(eye(3)).solve(ones({2})), ShapeError);
  CHECK_THROWS_AS(Lu(reshape(eye(2), {1, 2, 2})).solve(ones({2})), ShapeError);
  CHECK_THROWS_AS(Lu(eye(3)).solve(ones({3}, DType::float64)), DTypeError);
}

}  // namespace dimwise::solve_lu_tests
