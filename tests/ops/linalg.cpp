#include "ops/linalg.hpp"

#include <cmath>

#include "autodiff/error.hpp"
#include "autodiff/gradcheck.hpp"
#include "autodiff/rng.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::linalg_tests {

namespace {

constexpr DType f64 = DType::float64;

Tensor random(const char* what, const Shape& shape, DType dtype = f64) {
  return Rng(1).split(what).normal(shape, dtype);
}

Tensor positive(const Tensor& b) { return matmul(b, b, {.transpose_b = true}) + eye(b.dim(-1), b.dtype()); }

void check_close(const Tensor& a, const Tensor& b, double tolerance) {
  REQUIRE(a.shape() == b.shape());
  const std::vector<double> x = a.values(), y = b.values();
  for (size_t i = 0; i < x.size(); ++i) CHECK(x[i] == Approx(y[i]).margin(tolerance));
}

}  // namespace

std::vector<table::Entry> entries() {
  const auto one = table::normals({{{2, 2}}, {{3, 3}}, {{1, 1}}, {{2, 1, 2, 2}}});
  const auto two = table::normals({{{2, 2}, {2, 1}}, {{3, 3}, {3, 2}}, {{2, 1, 2, 2}, {2, 1, 2, 3}}});
  const auto regular = [](const Tensor& a) { return a + 3 * eye(a.dim(-1), f64); };
  return {
      {"cholesky",
       {},
       [](const table::Inputs& in) { return cholesky(positive(in[0])); },
       one,
       nullptr,
       {{[] { cholesky(-eye(2)); },
         "[cholesky] the matrix is not positive definite: its leading minor of order 1 is not positive. Add a multiple "
         "of the identity."},
        {[] {
           cholesky(zeros({2, 3}));
         },
         "[cholesky] A has shape (2, 3). It must be square: (…, n, n) with n at least 1."}},
       true,
       1},
      {"triangular_solve",
       {},
       [=](const table::Inputs& in) {
         Tensor sum = triangular_solve(regular(in[0]), in[1]);
         for (const TriangularOptions& o : {TriangularOptions{true, false}, {false, true}, {true, true}})
           sum = 0.7 * sum + triangular_solve(regular(in[0]), in[1], o);
         return sum;
       },
       two,
       nullptr,
       {{[] {
           triangular_solve(zeros({2, 2}), ones({2, 1}));
         },
         "[triangular_solve] the matrix is singular: element 0 of its diagonal is 0."}},
       true,
       1},
      {"solve",
       {},
       [=](const table::Inputs& in) { return solve(regular(in[0]), in[1]); },
       two,
       nullptr,
       {{[] {
           solve(zeros({2, 2}), ones({2, 1}));
         },
         "[solve] the matrix is singular: pivot 0 is 0."},
        {[] {
           solve(eye(2), ones({3, 1}));
         },
         "[solve] B has shape (3, 1) where A has (2, 2). B must be (…, n, m)."}},
       true,
       1},
      {"logdet",
       {},
       [=](const table::Inputs& in) { return logdet(regular(in[0])); },
       one,
       nullptr,
       {{[] {
           qr(zeros({1, 2, 2}));
         },
         "[qr] A has shape (1, 2, 2). It must be one matrix."},
        {[] { qr(track(eye(2))); }, "[qr] A is tracked, and qr has no derivative. Apply stop_gradient to A first."}},
       true,
       1},
  };
}

TEST_CASE("cholesky times its transpose is the matrix") {
  for (const DType dtype : {DType::float32, f64})
    for (const Shape& shape : {Shape{1, 1}, Shape{4, 4}, Shape{2, 3, 3}}) {
      const Tensor a = positive(random("a", shape, dtype)), l = cholesky(a);
      check_close(matmul(l, l, {.transpose_b = true}), a, dtype == f64 ? 1e-12 : 1e-5);
      check_close(triu(l, 1), zeros_like(l), 0);
    }
}

TEST_CASE("Triangular systems are solved from both triangles and transposed") {
  const Tensor a = random("a", {2, 4, 4}) + 3 * eye(4, f64), b = random("b", {2, 4, 3});
  for (const bool upper : {false, true})
    for (const bool transposed : {false, true}) {
      const Tensor x = triangular_solve(a, b, {upper, transposed});
      check_close(matmul(upper ? triu(a) : tril(a), x, {.transpose_a = transposed}), b, 1e-12);
    }
}

TEST_CASE("solve and logdet invert and measure any matrix") {
  const Tensor a = random("a", {2, 4, 4}), b = random("b", {2, 4, 3});
  check_close(matmul(a, solve(a, b)), b, 1e-11);
  CHECK(logdet(tensor({0, 2, 3, 1}, {2, 2}, f64)).item() == Approx(std::log(6)));
  CHECK(logdet(a).shape() == Shape{2});
  CHECK(std::isinf(logdet(zeros({2, 2}, f64)).item()));
  const Tensor spd = positive(random("c", {3, 3}));
  double total = 0;
  for (const double v : diagonal(cholesky(spd)).values()) total += 2 * std::log(v);
  CHECK(logdet(spd).item() == Approx(total));
}

TEST_CASE("qr gives orthonormal columns and an upper triangle") {
  for (const Shape& shape : {Shape{5, 3}, Shape{3, 5}, Shape{4, 4}}) {
    const Tensor a = random("a", shape);
    const auto [q, r] = qr(a);
    const int64_t k = std::min(shape[0], shape[1]);
    check_close(matmul(q, r), a, 1e-13);
    check_close(matmul(q, q, {.transpose_a = true}), eye(k, f64), 1e-13);
    check_close(tril(r, -1), zeros_like(r), 0);
  }
  CHECK_THROWS_WITH(qr(track(random("a", {3, 3}))), Catch::Contains("stop_gradient"));
}

TEST_CASE("Derivatives of linear algebra agree with differences, twice") {
  const Tensor a = random("a", {2, 3, 3}), b = random("b", {2, 3, 2}), shift = 3 * eye(3, f64);
  const auto check = [](const auto& f, const std::vector<Tensor>& inputs) {
    check_grads(f, inputs, {.order = 2, .tolerance = 1e-5});
  };
  check([](const auto& in) { return cholesky(positive(in[0])); }, {a});
  check([](const auto& in) { return solve(positive(in[0]), in[1]); }, {a, b});
  check([](const auto& in) { return logdet(positive(in[0])); }, {a});
  for (const bool upper : {false, true})
    for (const bool transposed : {false, true})
      check([&](const auto& in) { return triangular_solve(in[0] + shift, in[1], {upper, transposed}); }, {a, b});
}

TEST_CASE("Matrices that cannot be solved, and shapes that do not fit, are refused") {
  CHECK_THROWS_WITH(cholesky(tensor({1, 2, 2, 1}, {2, 2})), Catch::Contains("leading minor of order 2"));
  CHECK_THROWS_AS(cholesky(ones({2, 3})), ShapeError);
  CHECK_THROWS_WITH(solve(ones({2, 2}), ones({2, 1})), Catch::Contains("singular"));
  CHECK_THROWS_WITH(triangular_solve(zeros({2, 2}), ones({2, 1})), Catch::Contains("element 0 of its diagonal"));
  CHECK_THROWS_AS(solve(eye(2), ones({3, 1})), ShapeError);
  CHECK_THROWS_AS(solve(eye(2), ones({2})), ShapeError);
  CHECK_THROWS_AS(solve(eye(2), ones({2, 1}, f64)), DTypeError);
  CHECK_THROWS_AS(qr(ones({2, 2, 2})), ShapeError);
}

}  // namespace dimwise::linalg_tests
