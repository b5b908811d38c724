#include "ops/linalg.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "autodiff/error.hpp"
#include "autodiff/rng.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::linalg_tests {

namespace {

constexpr DType f64 = DType::float64;
const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

Tensor random(const char* what, const Shape& shape, DType dtype = f64) {
  return Rng(1).split(what).normal(shape, dtype);
}
Tensor product(const Tensor& a, const Tensor& b) { return matmul(a, b); }
Tensor gram(const Tensor& a) { return matmul(a, a, {.transpose_a = true}); }
Tensor positive(const Tensor& b) { return matmul(b, b, {.transpose_b = true}) + eye(b.dim(-1), b.dtype()); }
Tensor symmetric(const Tensor& b) { return 0.5 * (b + transpose(b)); }
// Far from singular, with singular values apart.
Tensor regular(const Tensor& a) {
  const Tensor shift = 4.0 * eye(std::max(a.dim(-1), a.dim(-2)), a.dtype()) +
                       diag_embed(arange(std::max(a.dim(-1), a.dim(-2)), a.dtype(), 0, 3));
  return a + slice(slice(shift, 0, 0, a.dim(-2)), 1, 0, a.dim(-1));
}
Tensor regular_random(const char* what, const Shape& shape, DType dtype) { return regular(random(what, shape, dtype)); }

double largest(const Tensor& x) { return x.size() == 0 ? 0 : max(abs(x)).item(); }
double rounding(DType dtype) { return dtype == f64 ? 2.3e-16 : 1.2e-7; }

// a and b differ by at most `units` roundings of the largest element.
void check_close(const Tensor& a, const Tensor& b, double units) {
  REQUIRE(a.shape() == b.shape());
  REQUIRE(a.dtype() == b.dtype());
  INFO("shape " << a.shape() << ", " << a.dtype());
  CHECK(largest(a - b) <= units * rounding(a.dtype()) * std::max(1.0, largest(b)));
}
Tensor unit(const Tensor& like) { return broadcast_to(eye(like.dim(-1), like.dtype()), like.shape()); }

// Calls body(leading axes, n, dtype) for one matrix and batches, of n = 1 … 8, 16, 33.
template <class Body>
void each_size(Body body) {
  for (const DType dtype : {DType::float32, f64})
    for (const int64_t n : {1, 2, 3, 4, 5, 6, 7, 8, 16, 33})
      for (const Shape& leading : {Shape{}, Shape{3}, Shape{2, 1, 2}}) body(leading, n, dtype);
}
Shape with(Shape leading, int64_t m, int64_t n) {
  leading.push_back(m);
  leading.push_back(n);
  return leading;
}

Tensor flat(const std::vector<Tensor>& parts) {
  std::vector<Tensor> rows;
  for (const Tensor& x : parts) rows.push_back(reshape(x, {x.size()}));
  return concat(rows, 0);
}

Tensor holding(double value) { return tensor({1, 2, value, 4}, {2, 2}); }

}  // namespace

std::vector<table::Entry> entries() {
  const auto one = table::normals({{{2, 2}}, {{3, 3}}, {{1, 1}}, {{2, 1, 2, 2}}, {{0, 2, 2}}});
  const auto two = table::normals({{{2, 2}, {2, 1}}, {{3, 3}, {3, 2}}, {{2, 1, 2, 2}, {2, 1, 2, 3}}, {{2, 2}, {2, 0}}});
  const auto any = table::normals({{{2, 2}}, {{3, 2}}, {{2, 3}}, {{2, 1, 3, 2}}, {{1, 1}}, {{2, 0}}});
  const auto sides = table::normals({{{3, 2}, {3, 1}}, {{2, 3}, {2, 2}}, {{2, 1, 2, 2}, {2, 1, 2, 3}}});
  const auto with = [](double value) { return holding(value); };
  const Tensor batched = stack({eye(2), zeros({2, 2})}, 0);
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
           cholesky(reshape(stack({eye(2), eye(2), -eye(2)}, 0), {3, 1, 2, 2}));
         },
         "[cholesky] matrix (2, 0) of the batch is not positive definite: its leading minor of order 1"},
        {[] {
           cholesky(tensor({1, 0, 2, 1}, {2, 2}));
         },
         "leading minor of order 2 is not positive"},
        {[=] { cholesky(with(nan)); }, "[cholesky] A is not finite: element (1, 0) of the matrix is nan"},
        {[] {
           cholesky(zeros({2, 3}));
         },
         "[cholesky] A has shape (2, 3). It must be square: (…, n, n)."}},
       true,
       1},
      {"cholesky_solve",
       {},
       [=](const table::Inputs& in) { return cholesky_solve(regular(in[0]), in[1]); },
       two,
       nullptr,
       {{[=] {
           cholesky_solve(batched, ones({2, 2, 1}));
         },
         "[cholesky_solve] matrix (1,) of the batch is singular: element 0 of its diagonal is 0. Look at diagonal(A) "
         "before solving."},
        {[=] {
           cholesky_solve(with(infinity), ones({2, 1}));
         },
         "[cholesky_solve] A is not finite: element (1, 0) of the matrix is inf"}},
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
         "[triangular_solve] the matrix is singular: element 0 of its diagonal is 0. Look at diagonal(A)"},
        {[=] {
           triangular_solve(with(nan), ones({2, 1}));
         },
         "[triangular_solve] A is not finite: element (1, 0) of the matrix is nan"},
        {[] {
           triangular_solve(eye(2), tensor({1, nan}, {2, 1}));
         },
         "[triangular_solve] B is not finite: element (1, 0) of the matrix is nan"}},
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
         "[solve] the matrix is singular: pivot 0 is 0. Use lstsq, or add a multiple of the identity."},
        {[=] {
           solve(batched, ones({2, 2, 1}));
         },
         "[solve] matrix (1,) of the batch is singular: pivot 0 is 0."},
        {[=] {
           solve(with(nan), ones({2, 1}));
         },
         "[solve] A is not finite: element (1, 0) of the matrix is nan. Every element must be; DetectAnomaly tells "
         "where "
         "the first that is not arises."},
        {[=] { solve(eye(2), with(-infinity)); }, "[solve] B is not finite: element (1, 0) of the matrix is -inf"},
        {[] {
           solve(eye(2), ones({3, 1}));
         },
         "[solve] B has shape (3, 1) where A has (2, 2). It must have A's leading axes and A's number of rows."},
        {[] {
           solve(eye(2), ones({2, 1}, f64));
         },
         "[solve] dtypes differ: float32 and float64"}},
       true,
       1},
      {"inv",
       {},
       [=](const table::Inputs& in) { return inv(regular(in[0])); },
       one,
       nullptr,
       {{[=] { inv(batched); }, "[inv] matrix (1,) of the batch is singular: pivot 0 is 0, and it has no inverse."},
        {[=] { inv(with(nan)); }, "[inv] A is not finite"},
        {[] { inv(ones({3})); }, "[inv] A has shape (3,). It must be square: (…, n, n)."}},
       true,
       1},
      {"det",
       {},
       [=](const table::Inputs& in) { return det(0.3 * regular(in[0])); },
       one,
       nullptr,
       {{[] {
           const Tensor a = track(ones({2, 2, 2}));
           grad(sum(square(grad(sum(det(a)), a))), a);
         },
         "[det] matrix (0,) of the batch is singular to rounding, where only the first derivative exists: its "
         "condition is inf. Differentiate once, or add a multiple of the identity."},
        {[] {
           // Singular, though no pivot is exactly 0.
           const Tensor a = track(tensor({1, 1, 1, 1 + 1e-15}, {1, 2, 2}, f64));
           grad(sum(square(grad(sum(det(a)), a))), a);
         },
         "[det] matrix (0,) of the batch is singular to rounding, where only the first derivative exists: its "
         "condition "
         "is "},
        {[=] { det(with(nan)); }, "[det] A is not finite"}},
       true,
       1},
      {"slogdet",
       {},
       [=](const table::Inputs& in) {
         const auto [sign, log] = slogdet(regular(in[0]));
         return sign * log;
       },
       one,
       nullptr,
       {{[] {
           const Tensor a = track(zeros({2, 2, 2}));
           grad(sum(slogdet(a).second), a);
         },
         "[slogdet] matrix (0,) of the batch is singular: ln |det A| is -inf and has no derivative. Differentiate det "
         "instead."},
        {[=] { slogdet(with(nan)); }, "[slogdet] A is not finite"}},
       true,
       1},
      {"logdet",
       {},
       [=](const table::Inputs& in) { return logdet(regular(in[0])); },
       one,
       nullptr,
       {{[] {
           const Tensor a = track(ones({2, 2}));
           grad(logdet(a), a);
         },
         "[logdet] the matrix is singular: ln |det A| is -inf and has no derivative. Differentiate det instead."},
        {[=] { logdet(with(nan)); }, "[logdet] A is not finite"}},
       true,
       1},
      {"qr",
       {},
       [=](const table::Inputs& in) {
         const auto [q, r] = qr(regular(in[0]));
         return flat({q, r});
       },
       any,
       nullptr,
       {{[] {
           const Tensor a = track(tensor({1, 2, 3, 2, 4, 5}, {1, 2, 3}, f64));
           const auto [q, r] = qr(a);
           grad(sum(q), a);
         },
         "[qr] column 1 of matrix (0,) of the batch depends on those before it, to rounding, and qr has no derivative. "
         "Use svd or pinv."},
        {[=] { qr(with(nan)); }, "[qr] A is not finite"},
        {[] { qr(ones({3})); }, "[qr] A has shape (3,). It must be of matrices: (…, m, n)."}},
       true,
       1},
      {"svd",
       {},
       [=](const table::Inputs& in) {
         const auto [u, s, vt] = svd(regular(in[0]));
         return flat({square(u), s, square(vt), product(u, vt)});
       },
       any,
       nullptr,
       {{[] {
           const Tensor a = track(stack({diag_embed(tensor({1, 2, 3})), eye(3)}, 0));
           grad(sum(square(svd(a).u)), a);
         },
         "[svd] values 0 and 1 of matrix (1,) of the batch are equal to rounding, and their vectors have no "
         "derivative. "
         "Differentiate the values alone, in reverse."},
        {[] {
           const Tensor a = track(tensor({1, 0, 0, 0, 0, 0}, {3, 2}));
           grad(sum(svd(a).u), a);
         },
         "[svd] singular value 1 of the matrix is 0 to rounding, and the vectors of a matrix that is not square have "
         "no "
         "derivative. Differentiate the values alone, in reverse."},
        {[=] { svd(with(nan)); }, "[svd] A is not finite"}},
       true,
       1},
      {"eigh",
       {},
       [=](const table::Inputs& in) {
         const auto [values, vectors] = eigh(symmetric(regular(in[0])));
         return flat({values, square(vectors), select(vectors, -1, 0) * select(vectors, -2, 0)});
       },
       one,
       nullptr,
       {{[] {
           const Tensor a = track(eye(2));
           grad(sum(square(eigh(a).vectors) * tensor({1, 2})), a);
         },
         "[eigh] values 0 and 1 of the matrix are equal to rounding, and their vectors have no derivative."},
        {[=] { eigh(with(nan)); }, "[eigh] A is not finite"}},
       true,
       1},
      {"pinv",
       {},
       [=](const table::Inputs& in) { return pinv(regular(in[0])); },
       any,
       nullptr,
       {{[=] { pinv(with(nan)); }, "[pinv] A is not finite"}},
       true,
       1},
      {"lstsq",
       {},
       [=](const table::Inputs& in) { return lstsq(regular(in[0]), in[1]); },
       sides,
       nullptr,
       {{[=] {
           lstsq(with(nan), ones({2, 1}));
         },
         "[lstsq] A is not finite"},
        {[=] { lstsq(eye(2), with(nan)); }, "[lstsq] B is not finite"},
        {[] {
           lstsq(ones({3, 2}), ones({2, 1}));
         },
         "[lstsq] B has shape (2, 1) where A has (3, 2). It must have A's leading axes and A's number of rows."}},
       true,
       1},
  };
}

TEST_CASE("solve and inv give what A takes to B and to the identity") {
  each_size([](const Shape& leading, int64_t n, DType dtype) {
    const Tensor a = regular_random("a", with(leading, n, n), dtype);
    for (const int64_t m : {1, 3}) {
      const Tensor b = random("b", with(leading, n, m), dtype);
      check_close(product(a, solve(a, b)), b, 100.0 * static_cast<double>(n));
    }
    check_close(product(a, inv(a)), unit(a), 100.0 * static_cast<double>(n));
    check_close(product(inv(a), a), unit(a), 100.0 * static_cast<double>(n));
  });
}

TEST_CASE("cholesky times its transpose is the matrix, and cholesky_solve solves with it") {
  each_size([](const Shape& leading, int64_t n, DType dtype) {
    const Tensor a = positive(random("a", with(leading, n, n), dtype)), l = cholesky(a);
    check_close(matmul(l, l, {.transpose_b = true}), a, 10.0 * static_cast<double>(n));
    check_close(triu(l, 1), zeros_like(l), 0);
    // What stands above the diagonal is not read, be it NaN.
    const Tensor junk = tril(a) + triu(full(a.shape(), 7, dtype), 1);
    check_close(cholesky(junk), l, 0);
    const Tensor b = random("b", with(leading, n, 2), dtype);
    check_close(product(a, cholesky_solve(l, b)), b, 1000.0 * static_cast<double>(n));
  });
  const Tensor half = tensor({4, nan, 2, 5}, {2, 2}, f64);
  check_close(cholesky(half), tensor({2, 0, 1, 2}, {2, 2}, f64), 1);
}

TEST_CASE("Triangular systems are solved from both triangles and transposed") {
  each_size([](const Shape& leading, int64_t n, DType dtype) {
    const Tensor a = regular_random("a", with(leading, n, n), dtype);
    for (const int64_t m : {1, 3})
      for (const bool upper : {false, true})
        for (const bool transposed : {false, true}) {
          const Tensor b = random("b", with(leading, n, m), dtype), x = triangular_solve(a, b, {upper, transposed});
          check_close(matmul(upper ? triu(a) : tril(a), x, {.transpose_a = transposed}), b,
                      100.0 * static_cast<double>(n));
        }
  });
  CHECK(triangular_solve(tensor({2, nan, 1, 4}, {2, 2}), ones({2, 1})).values() == std::vector<double>{0.5, 0.125});
}

TEST_CASE("qr gives orthonormal columns and an upper triangle") {
  each_size([](const Shape& leading, int64_t n, DType dtype) {
    for (const int64_t m : {n, n + 2, int64_t{1}, int64_t{3}}) {
      const Tensor a = random("a", with(leading, m, n), dtype);
      const auto [q, r] = qr(a);
      REQUIRE(q.shape() == with(leading, m, std::min(m, n)));
      check_close(product(q, r), a, 20.0 * static_cast<double>(n));
      check_close(gram(q), unit(gram(q)), 20.0 * static_cast<double>(n));
      check_close(tril(r, -1), zeros_like(r), 0);
    }
  });
}

TEST_CASE("svd gives A back from orthonormal vectors and descending values") {
  each_size([](const Shape& leading, int64_t n, DType dtype) {
    for (const int64_t m : {n, n + 2, int64_t{1}, int64_t{3}}) {
      const Tensor a = random("a", with(leading, m, n), dtype);
      const auto [u, s, vt] = svd(a);
      REQUIRE(s.dim(-1) == std::min(m, n));
      check_close(product(u * unsqueeze(s, -2), vt), a, 20.0 * static_cast<double>(n));
      check_close(gram(u), unit(gram(u)), 20.0 * static_cast<double>(n));
      check_close(gram(transpose(vt)), unit(gram(u)), 20.0 * static_cast<double>(n));
      CHECK(min(s).item() >= 0);
      if (s.dim(-1) > 1) CHECK(max(slice(s, -1, 1, s.dim(-1)) - slice(s, -1, 0, s.dim(-1) - 1)).item() <= 0);
    }
  });
}

TEST_CASE("eigh gives A back from orthonormal vectors and ascending values") {
  each_size([](const Shape& leading, int64_t n, DType dtype) {
    const Tensor a = symmetric(random("a", with(leading, n, n), dtype));
    const auto [w, v] = eigh(a);
    check_close(matmul(v * unsqueeze(w, -2), v, {.transpose_b = true}), a, 20.0 * static_cast<double>(n));
    check_close(gram(v), unit(v), 20.0 * static_cast<double>(n));
    if (n > 1) CHECK(min(slice(w, -1, 1, n) - slice(w, -1, 0, n - 1)).item() >= 0);
    const Tensor lower = tril(a) + triu(full(a.shape(), 7, dtype), 1);
    check_close(eigh(lower).values, w, 0);
  });
  CHECK(eigh(tensor({1, nan, 0, 2}, {2, 2})).values.values() == std::vector<double>{1, 2});
}

TEST_CASE("det, slogdet and logdet measure the same volume") {
  each_size([](const Shape& leading, int64_t n, DType dtype) {
    const Tensor a = random("a", with(leading, n, n), dtype), d = det(a);
    const auto [sign, log] = slogdet(a);
    REQUIRE(d.shape() == leading);
    check_close(sign * exp(log), d, 1000);
    check_close(logdet(a), log, 0);
    check_close(square(sign), ones_like(sign), 0);
    // Of a product, the product; of a triangle, the product of its diagonal.
    const Tensor l = tril(regular(a)) * 0.25;
    check_close(slogdet(l).second, sum(log1p(diagonal(l) - 1.0), {-1}), 100);
    check_close(slogdet(product(a, l)).second, log + slogdet(l).second, dtype == f64 ? 1e6 : 1e4);
    check_close(slogdet(product(a, l)).first, sign, 0);
  });
  const Tensor a = tensor({0, 2, 3, 1}, {2, 2}, f64);
  CHECK(det(a).item() == Approx(-6));
  CHECK(logdet(a).item() == Approx(std::log(6)));
}

TEST_CASE("The sign of slogdet is that of the permutation") {
  for (const int64_t n : {2, 3, 4, 5, 6}) {
    std::vector<int64_t> order(static_cast<size_t>(n));
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
    do {
      std::vector<double> values(static_cast<size_t>(n * n), 0);
      int sign = 1;
      for (size_t i = 0; i < order.size(); ++i) {
        values[i * order.size() + static_cast<size_t>(order[i])] = 2;
        for (size_t j = 0; j < i; ++j)
          if (order[j] > order[i]) sign = -sign;
      }
      const Tensor p = tensor(values, {n, n});
      const double volume = std::pow(2, n);
      REQUIRE(slogdet(p).first.item() == sign);
      REQUIRE(slogdet(p).second.item() == Approx(std::log(volume)));
      REQUIRE(det(p).item() == sign * volume);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_CASE("A singular matrix has determinant 0, of sign 0 and logarithm -inf") {
  for (const Tensor& a : {zeros({3, 3}), ones({3, 3}), tensor({1, 2, 2, 4}, {2, 2})}) {
    const auto [sign, log] = slogdet(a);
    CHECK(det(a).item() == 0);
    CHECK(sign.item() == 0);
    CHECK(log.item() == -infinity);
    CHECK(logdet(a).item() == -infinity);
  }
}

TEST_CASE("det overflows to infinity where slogdet does not") {
  const Tensor a = 1e30 * eye(3);
  CHECK(det(a).item() == infinity);
  CHECK(slogdet(a).second.item() == Approx(90 * std::log(10)));
}

TEST_CASE("pinv keeps Penrose's four equations, for every rank") {
  each_size([](const Shape& leading, int64_t n, DType dtype) {
    for (const int64_t m : {n, n + 2, int64_t{1}, int64_t{3}})
      for (const int64_t rank : {std::min(m, n), int64_t{1}}) {
        const Tensor a = rank == 1
                             ? product(random("u", with(leading, m, 1), dtype), random("v", with(leading, 1, n), dtype))
                             : regular_random("a", with(leading, m, n), dtype);
        const Tensor x = pinv(a), ax = product(a, x), xa = product(x, a);
        REQUIRE(x.shape() == with(leading, n, m));
        const double units = 200.0 * static_cast<double>(n);
        check_close(product(ax, a), a, units);
        check_close(product(xa, x), x, units);
        check_close(transpose(ax), ax, units);
        check_close(transpose(xa), xa, units);
      }
  });
  CHECK(largest(pinv(zeros({2, 3}))) == 0);
  // A cutoff of one's own.
  CHECK(pinv(diag_embed(tensor({4, 1})), 0.5).values() == std::vector<double>{0.25, 0, 0, 0});
}

TEST_CASE("lstsq gives the least residual, and of those the least norm") {
  each_size([](const Shape& leading, int64_t n, DType dtype) {
    for (const int64_t m : {n, n + 2, int64_t{1}, int64_t{3}}) {
      const Tensor a = regular_random("a", with(leading, m, n), dtype), b = random("b", with(leading, m, 2), dtype);
      const Tensor x = lstsq(a, b);
      REQUIRE(x.shape() == with(leading, n, 2));
      const double units = 500.0 * static_cast<double>(n);
      check_close(product(transpose(a), product(a, x) - b), zeros_like(x), units * largest(a));
      check_close(x, product(pinv(a), b), units);
    }
  });
  const Tensor a = tensor({1, 1, 1, 1, 1, 1}, {3, 2}, f64), b = tensor({1, 2, 3}, {3, 1}, f64);
  check_close(lstsq(a, b), tensor({1, 1}, {2, 1}, f64), 10);
  CHECK(lstsq(diag_embed(tensor({4, 1})), ones({2, 1}), 0.5).values() == std::vector<double>{0.25, 0});
}

TEST_CASE("Matrices without rows or columns have the results that the definitions give") {
  for (const Shape& leading : {Shape{}, Shape{2}}) {
    const Tensor none = zeros(with(leading, 0, 0)), wide = zeros(with(leading, 0, 3)),
                 tall = zeros(with(leading, 3, 0));
    CHECK(largest(det(none) - ones(leading)) == 0);
    CHECK(largest(slogdet(none).first - ones(leading)) == 0);
    CHECK(largest(logdet(none)) == 0);
    CHECK(solve(none, wide).shape() == wide.shape());
    CHECK(triangular_solve(none, wide).shape() == wide.shape());
    CHECK(cholesky_solve(none, wide).shape() == wide.shape());
    CHECK(solve(broadcast_to(eye(3), with(leading, 3, 3)), tall).shape() == tall.shape());
    for (const Tensor& y : {inv(none), cholesky(none), eigh(none).vectors}) CHECK(y.shape() == none.shape());
    CHECK(qr(tall).first.shape() == tall.shape());
    CHECK(qr(wide).second.shape() == wide.shape());
    CHECK(svd(tall).u.shape() == tall.shape());
    CHECK(svd(wide).vt.shape() == wide.shape());
    CHECK(pinv(wide).shape() == tall.shape());
    // No equations: the least norm.
    CHECK(largest(lstsq(wide, zeros(with(leading, 0, 2)))) == 0);
    CHECK(lstsq(wide, zeros(with(leading, 0, 2))).shape() == with(leading, 3, 2));
    CHECK(lstsq(tall, ones(with(leading, 3, 2))).shape() == with(leading, 0, 2));
  }
  CHECK(svd(zeros({0, 3, 2})).s.shape() == Shape{0, 2});
  CHECK(solve(zeros({0, 3, 3}), zeros({0, 3, 1})).shape() == Shape{0, 3, 1});
}

TEST_CASE("A NaN or an infinity in any place is refused, never computed with") {
  for (const DType dtype : {DType::float32, f64})
    for (const double bad : {nan, infinity, -infinity})
      for (const int64_t n : {1, 2, 5, 9})
        for (int64_t at = 0; at<n * n; at += n> 5 ? 7 : 1) {
          std::vector<double> values = (positive(random("a", {n, n}))).values();
          values[static_cast<size_t>(at)] = bad;
          const Tensor a = tensor(values, {n, n}, dtype), b = ones({n, 1}, dtype);
          CHECK_THROWS_AS(solve(a, b), ValueError);
          CHECK_THROWS_AS(inv(a), ValueError);
          CHECK_THROWS_AS(det(a), ValueError);
          CHECK_THROWS_AS(slogdet(a), ValueError);
          CHECK_THROWS_AS(qr(a), ValueError);
          CHECK_THROWS_AS(svd(a), ValueError);
          CHECK_THROWS_AS(pinv(a), ValueError);
          CHECK_THROWS_AS(lstsq(a, b), ValueError);
          CHECK_THROWS_AS(solve(eye(n, dtype), a), ValueError);
          const bool read = at / n >= at % n;
          for (const auto& f :
               std::vector<std::function<void()>>{[&] { cholesky(a); }, [&] { eigh(a); },
                                                  [&] { triangular_solve(a, b); }, [&] { cholesky_solve(a, b); }})
            if (read)
              CHECK_THROWS_AS(f(), ValueError);
            else
              CHECK_NOTHROW(f());
        }
}

TEST_CASE("Shapes and dtypes that do not fit are refused") {
  for (const auto& f : {inv, cholesky, det, logdet}) {
    CHECK_THROWS_AS(f(ones({2, 3})), ShapeError);
    CHECK_THROWS_AS(f(ones({2})), ShapeError);
    CHECK_THROWS_AS(f(Tensor()), ValueError);
  }
  CHECK_THROWS_AS(eigh(ones({2, 3})), ShapeError);
  CHECK_THROWS_AS(slogdet(ones({2, 3})), ShapeError);
  CHECK_THROWS_AS(svd(ones({2})), ShapeError);
  CHECK_THROWS_AS(pinv(ones({2})), ShapeError);
  const auto triangular = [](const Tensor& a, const Tensor& b) { return triangular_solve(a, b); };
  const auto least = [](const Tensor& a, const Tensor& b) { return lstsq(a, b); };
  for (const auto& f :
       std::vector<std::function<Tensor(const Tensor&, const Tensor&)>>{solve, triangular, cholesky_solve, least}) {
    CHECK_THROWS_AS(f(eye(2), ones({3, 1})), ShapeError);
    CHECK_THROWS_AS(f(eye(2), ones({2})), ShapeError);
    CHECK_THROWS_AS(f(eye(2), ones({2, 2, 1})), ShapeError);
    CHECK_THROWS_AS(f(eye(2), ones({2, 1}, f64)), DTypeError);
    CHECK_THROWS_AS(f(eye(2), Tensor()), ValueError);
  }
}

}  // namespace dimwise::linalg_tests
