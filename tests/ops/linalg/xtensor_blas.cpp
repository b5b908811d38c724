// Bugs of the packaged xtensor-blas that dimwise avoids. If a check of the package fails here, a newer version has
// fixed the bug: then remove its line in ops/detail/linalg_kernels.cpp.

#include <cmath>
#include <limits>
#include <xtensor-blas/xlinalg.hpp>

#include "autodiff/base/error.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/linalg.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"

namespace dimwise::xtensor_blas_tests {

namespace {

using Matrix = xt::xtensor<double, 2, xt::layout_type::column_major>;

constexpr DType f64 = DType::float64;
const double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("The package accepts a NaN in svd, and dimwise rejects it") {
#ifdef NDEBUG  // with asserts it aborts
  Matrix a{{1, nan}, {2, 3}};
  CHECK(std::get<0>(xt::lapack::gesdd(a)) < 0);
  CHECK_NOTHROW(xt::linalg::svd(Matrix{{1, nan}, {2, 3}}));
#else
  skip("xtensor-blas ends the process if asserts are on");
#endif
  CHECK_THROWS_AS(svd(tensor({1, nan, 2, 3}, {2, 2}, f64)), ValueError);
}

TEST_CASE("The package computes finite eigenvalues of a NaN, and dimwise rejects it") {
  const auto values = std::get<0>(xt::linalg::eigh(Matrix{{nan, 1}, {1, 4}}));
  for (const double v : values) CHECK(std::isfinite(v));
  CHECK_THROWS_AS(eigh(tensor({nan, 1, 1, 4}, {2, 2}, f64)), ValueError);
}

TEST_CASE("The package reports a singular triangle as a failed Cholesky decomposition, and dimwise names the element") {
  const Matrix a{{1, 0}, {2, 0}};
  const xt::xtensor<double, 1> b{1, 1};
  CHECK_THROWS_WITH(xt::linalg::solve_triangular(a, b), Catch::Contains("Cholesky"));
  CHECK_THROWS_WITH(triangular_solve(tensor({1, 0, 2, 0}, {2, 2}), ones({2, 1})),
                    Catch::Contains("element 1 of its diagonal"));
}

TEST_CASE("The package solves a triangular system for the first column only, and dimwise for all columns") {
  const Matrix a{{2, 0}, {0, 2}}, b{{1, 1}, {1, 1}};
  const auto x = xt::linalg::solve_triangular(a, b);
  CHECK(x(0, 0) == 0.5);
  CHECK(x(0, 1) == 1);
  CHECK(triangular_solve(2 * eye(2), ones({2, 2})).values() == std::vector<double>(4, 0.5));
}

TEST_CASE("The package does not cut off float's rounding errors in pinv, and dimwise does") {
  xt::xtensor<float, 2, xt::layout_type::column_major> a = xt::zeros<float>({3, 3});
  const std::vector<double> u{0.1, 0.7, 1.3}, v{0.9, 0.3, 1.1};
  std::vector<double> values;
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j) {
      a(i, j) = static_cast<float>(u[i] * v[j]);
      values.push_back(u[i] * v[j]);
    }
  CHECK(xt::amax(xt::abs(xt::linalg::pinv(a)))() > 1e4);
  CHECK(max(abs(pinv(tensor(values, {3, 3})))).item() < 1);
}

}  // namespace dimwise::xtensor_blas_tests
