#include "ops/linalg.hpp"
#include "autodiff/base/error.hpp"

#include <algorithm>
#include <cmath>

#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/ops/linalg/linalg.hpp"

// Values, compared with their definitions.

namespace dimwise::linalg_tests {

TEST_CASE("A times solve and inv gives B and the identity") {
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
    // Elements above the diagonal are not read, not even NaN.
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

TEST_CASE("svd reproduces A from orthonormal vectors and descending values") {
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

TEST_CASE("eigvals gives the eigenvalues of matrices that are not symmetric, as constants") {
  // A rotation with growth, a nilpotent matrix, and one with known eigenvalues −2, −5 and 1.
  const auto sorted = [](const Tensor& t) {
    std::vector<double> values = t.values();
    std::sort(values.begin(), values.end());
    return values;
  };
  for (const DType dtype : {DType::float32, DType::float64}) {
    const double close = dtype == DType::float32 ? 1e-5 : 1e-13;
    const auto [re, im] = eigvals(tensor({1, 3, -3, 1, 0, 1, 0, 0}, {2, 2, 2}, dtype));
    check_close(re, tensor({1, 1, 0, 0}, {2, 2}, dtype), 20);
    check_close(abs(im), tensor({3, 3, 0, 0}, {2, 2}, dtype), 20);
    CHECK(sum(im).item() == 0);
    const std::vector<double> three = sorted(eigvals(tensor({-2, 1, 0, 0, -5, 100, 0, 0, 1}, {3, 3}, dtype)).real);
    CHECK(three[0] == Approx(-5).epsilon(close));
    CHECK(three[1] == Approx(-2).epsilon(close));
    CHECK(three[2] == Approx(1).epsilon(close));
  }
  CHECK(eigvals(zeros({2, 0, 0})).imag.shape() == Shape{2, 0});
  CHECK_THROWS_WITH(eigvals(track(eye(2))), Catch::Contains("is not implemented"));
  CHECK_NOTHROW(eigvals(stop_gradient(track(eye(2)))));
  CHECK_THROWS_AS(eigvals(ones({2, 3})), ShapeError);
  CHECK_THROWS_AS(eigvals(full({2, 2}, std::nan(""))), ValueError);
}

TEST_CASE("eigh reproduces A from orthonormal vectors and ascending values") {
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

TEST_CASE("det, slogdet and logdet agree") {
  each_size([](const Shape& leading, int64_t n, DType dtype) {
    const Tensor a = random("a", with(leading, n, n), dtype), d = det(a);
    const auto [sign, log] = slogdet(a);
    REQUIRE(d.shape() == leading);
    check_close(sign * exp(log), d, 1000);
    check_close(logdet(a), log, 0);
    check_close(square(sign), ones_like(sign), 0);
    // The determinant of a product is the product; that of a triangular matrix is the product of its diagonal.
    const Tensor l = tril(regular(a)) * 0.25;
    check_close(slogdet(l).second, sum(log1p(diagonal(l) - 1.0), {-1}), 100);
    check_close(slogdet(product(a, l)).second, log + slogdet(l).second, dtype == f64 ? 1e6 : 1e4);
    check_close(slogdet(product(a, l)).first, sign, 0);
  });
  const Tensor a = tensor({0, 2, 3, 1}, {2, 2}, f64);
  CHECK(det(a).item() == Approx(-6));
  CHECK(logdet(a).item() == Approx(std::log(6)));
}

TEST_CASE("The sign of slogdet of a permutation matrix is that of the permutation") {
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

TEST_CASE("det overflows to infinity when slogdet does not") {
  const Tensor a = 1e30 * eye(3);
  CHECK(det(a).item() == infinity);
  CHECK(slogdet(a).second.item() == Approx(90 * std::log(10)));
  CHECK(det(diag_embed(tensor({1e200, 1e200, 1e-300}, f64))).item() == Approx(1e100));
}

TEST_CASE("pinv satisfies Penrose's four equations, for every rank") {
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
  // What is zero beside rounding depends on the longer side.
  const double small = 50 * std::numeric_limits<double>::epsilon();
  const Tensor wide = concat({diag_embed(tensor({1, small}, f64)), zeros({2, 98}, f64)}, 1);
  for (const Tensor& a : {wide, transpose(wide)}) CHECK(largest(pinv(a)) == Approx(1));
  CHECK(largest(pinv(diag_embed(tensor({1, small}, f64)))) == Approx(1 / small));
  // An explicit cutoff.
  CHECK(pinv(diag_embed(tensor({4, 1})), 0.5).values() == std::vector<double>{0.25, 0, 0, 0});
}

TEST_CASE("lstsq gives the least-norm solution among the least-residual ones") {
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
    // Without equations, the solution of least norm is 0.
    CHECK(largest(lstsq(wide, zeros(with(leading, 0, 2)))) == 0);
    CHECK(lstsq(wide, zeros(with(leading, 0, 2))).shape() == with(leading, 3, 2));
    CHECK(lstsq(tall, ones(with(leading, 3, 2))).shape() == with(leading, 0, 2));
  }
  CHECK(svd(zeros({0, 3, 2})).s.shape() == Shape{0, 2});
  CHECK(solve(zeros({0, 3, 3}), zeros({0, 3, 1})).shape() == Shape{0, 3, 1});
}

}  // namespace dimwise::linalg_tests
