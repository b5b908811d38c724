#include <cmath>
#include <functional>

#include "autodiff/base/error.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/linalg.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/ops/linalg/linalg.hpp"

// The op table compares each function of linalg with finite differences of order 1 to 3 on small shapes. Here: larger
// matrices, float32, ranks that are not full, coinciding values, and consequences of the definitions.

namespace dimwise::linalg_derivatives_tests {

namespace {

using List = std::vector<Tensor>;
using namespace linalg_tests;

Tensor spread(const Tensor& a) { return a + diag_embed(4.0 + 3.0 * arange(static_cast<double>(a.dim(-1)), a.dtype())); }

struct Case {
  const char* name;
  std::function<Tensor(const List&)> f;
  List inputs;
};

// Each function on n × n, or (n + 2) × n and n × (n + 2), in a batch of two.
std::vector<Case> cases(int64_t n) {
  const Tensor a = random("a", {2, n, n}), b = random("b", {2, n, 2}), tall = random("t", {2, n + 2, n}),
               wide = random("w", {2, n, n + 2}), c = random("c", {2, n + 2, 2});
  const auto svd_of = [](const List& in) {
    const auto [u, s, vt] = svd(in[0]);
    return flat({square(u), s, square(vt), product(u, vt)});
  };
  const auto qr_of = [](const List& in) {
    const auto [q, r] = qr(in[0]);
    return flat({q, r});
  };
  return {
      {"solve", [](const List& in) { return solve(spread(in[0]), in[1]); }, {a, b}},
      {"inv", [](const List& in) { return inv(spread(in[0])); }, {a}},
      {"cholesky", [](const List& in) { return cholesky(positive(in[0])); }, {a}},
      {"cholesky_solve", [](const List& in) { return cholesky_solve(spread(in[0]), in[1]); }, {a, b}},
      {"triangular_solve",
       [](const List& in) {
         return triangular_solve(spread(in[0]), in[1], {true, true});
       },
       {a, b}},
      {"det", [](const List& in) { return det(0.5 * in[0]); }, {a}},
      {"slogdet", [](const List& in) { return slogdet(spread(in[0])).second; }, {a}},
      {"qr", qr_of, {spread(a)}},
      {"qr, tall", qr_of, {tall}},
      {"qr, wide", qr_of, {concat({spread(a), b}, -1)}},
      {"svd", svd_of, {spread(a)}},
      {"svd, tall", svd_of, {concat({spread(a), transpose(b)}, -2)}},
      {"svd, wide", svd_of, {concat({spread(a), b}, -1)}},
      {"eigh",
       [](const List& in) {
         const auto [w, v] = eigh(spread(symmetric(in[0])));
         return flat({w, square(v), select(v, -2, 0) * select(v, -2, v.dim(-2) - 1)});
       },
       {a}},
      {"pinv, tall", [](const List& in) { return pinv(in[0]); }, {concat({spread(a), transpose(b)}, -2)}},
      {"pinv, wide", [](const List& in) { return pinv(in[0]); }, {concat({spread(a), b}, -1)}},
      {"lstsq, tall", [](const List& in) { return lstsq(in[0], in[1]); }, {concat({spread(a), transpose(b)}, -2), c}},
      {"lstsq, wide", [](const List& in) { return lstsq(in[0], in[1]); }, {concat({spread(a), b}, -1), b}}};
}

}  // namespace

TEST_CASE(
    "First and second derivatives of linear algebra agree with finite differences, for matrices of size 4 and 5") {
  for (const int64_t n : {4, 5})
    for (const Case& c : cases(n)) {
      INFO(c.name << ", n = " << n);
      CHECK_NOTHROW(check_grads(c.f, c.inputs, {.order = 2, .tolerance = 1e-5}));
    }
}

TEST_CASE("Gradients of matrices of size 9 agree with finite differences, and forward mode with reverse mode") {
  for (const Case& c : cases(9)) {
    INFO(c.name);
    CHECK_NOTHROW(check_grads(c.f, c.inputs, {.order = 1, .tolerance = 1e-5}));
  }
}

TEST_CASE("Gradients in float32 equal those in float64, to float32's rounding") {
  for (const Case& c : cases(4)) {
    List g[2];
    for (const int single : {0, 1}) {
      List x;
      for (const Tensor& t : c.inputs) x.push_back(track(single ? astype(t, DType::float32) : t));
      const Tensor y = c.f(x);
      const Tensor w = astype(random("w", y.shape()), y.dtype());
      g[single] = grad(sum(y * w), x);
    }
    for (size_t i = 0; i < g[0].size(); ++i) {
      INFO(c.name << ", input " << i);
      REQUIRE(g[1][i].dtype() == DType::float32);
      CHECK(largest(astype(g[1][i], f64) - g[0][i]) < 1e-3 * (1 + largest(g[0][i])));
    }
  }
}

TEST_CASE("The gradient of det is the matrix of cofactors, for every rank") {
  // Of rank n, n - 1, n - 2: determinants of minors, computed explicitly.
  const List matrices = {tensor({1, 2, 3, 0, 1, 4, 5, 6, 0}, {3, 3}, f64),
                         tensor({1, 2, 3, 4, 5, 6, 7, 8, 9}, {3, 3}, f64),
                         tensor({1, 2, 3, 2, 4, 6, 0, 0, 0}, {3, 3}, f64),
                         tensor({1, 2, 3, 2, 4, 6, 3, 6, 9}, {3, 3}, f64),
                         zeros({3, 3}, f64),
                         tensor({1, 0, 0, 0, 0, 1, 1, 0, 1e-9}, {3, 3}, f64),
                         tensor({1, 2, 3, 4, 5, 6, 7, 8, 9.0000000001}, {3, 3}, f64),
                         tensor({1e8, 2e8, 3, 4e8, 5e8, 6, 7e8, 8e8, 9.0001}, {3, 3}, f64)};
  for (const Tensor& a : matrices) {
    const std::vector<double> m = a.values();
    std::vector<double> expected;
    for (size_t i = 0; i < 3; ++i)
      for (size_t j = 0; j < 3; ++j) {
        const auto at = [&](size_t r, size_t c) { return m[(i + r) % 3 * 3 + (j + c) % 3]; };
        expected.push_back(at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1));
      }
    const Tensor x = track(a), g = grad(det(x), x), v = random("v", {3, 3});
    INFO(str(a));
    CHECK(largest(g - tensor(expected, {3, 3}, f64)) < 1e-13 * (1 + largest(g)));
    CHECK(jvp(det(x), x, v).item() == Approx(sum(g * v).item()).margin(1e-12));
  }
  for (const int64_t n : {1, 2}) {
    const Tensor x = track(zeros({n, n}, f64));
    CHECK(largest(grad(det(x), x) - (n == 1 ? ones({1, 1}, f64) : zeros({2, 2}, f64))) == 0);
  }
  // Products that would overflow before they are multiplied by 0.
  const Tensor large = track(diag_embed(tensor({1e160, 1e160, 1e150, 0, 0}, f64)));
  CHECK(largest(grad(det(large), large)) == 0);
  // A pivot whose reciprocal overflows.
  const Tensor steep = track(diag_embed(tensor({1e-310, 1e300, 1e5}, f64)));
  CHECK(largest(grad(det(steep), steep) - diag_embed(tensor({1e305, 0, 0}, f64))) < 1e292);
  // A regular matrix whose determinant underflows.
  const Tensor tiny = track(1e-120 * eye(3, f64));
  CHECK(largest(grad(det(tiny), tiny) - 1e-240 * eye(3, f64)) < 1e-250);
}

TEST_CASE("Coinciding singular values and eigenvalues have gradients, and their vectors have none") {
  const Tensor q = qr(random("q", {3, 3})).first;
  const Tensor twice = product(q * tensor({2, 2, 5}, f64), transpose(q));
  for (const Tensor& a : {eye(3, f64), twice, zeros({3, 3}, f64)}) {
    const Tensor x = track(a);
    // The sum of the squares of the singular values equals that of the elements; the sum of eigenvalues is the trace.
    CHECK(largest(grad(sum(square(svd(x).s)), x) - 2.0 * a) < 1e-12);
    CHECK(largest(grad(sum(eigh(x).values), x) - eye(3, f64)) < 1e-12);
    const Tensor weights = tensor({1, 2, 3}, f64);
    CHECK_THROWS_WITH(grad(sum(svd(x).u * weights), x), Catch::Contains("equal to rounding"));
    CHECK_THROWS_WITH(grad(sum(svd(x).vt * weights), x), Catch::Contains("equal to rounding"));
    CHECK_THROWS_WITH(grad(sum(eigh(x).vectors * weights), x), Catch::Contains("equal to rounding"));
    CHECK_THROWS_WITH(jvp(sum(eigh(x).vectors), x, ones({3, 3}, f64)), Catch::Contains("equal to rounding"));
    CHECK_THROWS_WITH(jvp(sum(svd(x).u), x, ones({3, 3}, f64)), Catch::Contains("equal to rounding"));
  }
  // Separated by more than rounding: large, but correct.
  const Tensor close = tensor({1, 0, 0, 1 + 1e-6}, {2, 2}, f64);
  const Tensor x = track(close), g = grad(select(select(eigh(x).vectors, 0, 0), 0, 1), x);
  CHECK(std::abs(g.values()[1]) == Approx(0.5e6));
}

TEST_CASE("A singular value of 0 has a gradient, and its vectors have one for a square matrix") {
  const Tensor square_one = diag_embed(tensor({3, 2, 0}, f64)), tall = tensor({3, 0, 0, 0, 0, 0}, {3, 2}, f64);
  const Tensor x = track(square_one);
  CHECK(largest(grad(sum(svd(x).s * tensor({1, 1, 0}, f64)), x) - diag_embed(tensor({1, 1, 0}, f64))) < 1e-14);
  // The derivative of U Vᵀ is (P − Pᵀ)_ij / (s_i + s_j), which is finite.
  const Tensor g = grad(sum(product(svd(x).u * tensor({1, 1, 0}, f64), svd(x).vt) * random("w", {3, 3})), x);
  for (const double v : g.values()) CHECK(std::isfinite(v));
  const Tensor y = track(tall);
  CHECK(largest(grad(select(svd(y).s, 0, 0), y) - tensor({1, 0, 0, 0, 0, 0}, {3, 2}, f64)) < 1e-14);
  CHECK_THROWS_WITH(grad(sum(svd(y).u), y), Catch::Contains("singular value 1 of the matrix is 0"));
  CHECK_THROWS_WITH(jvp(sum(svd(y).u), y, ones({3, 2}, f64)), Catch::Contains("singular value 1 of the matrix is 0"));
}

TEST_CASE("Derivatives of decompositions satisfy the differentiated definitions") {
  const Tensor a = random("a", {4, 3}), da = random("da", {4, 3});
  const auto along = [&](const auto& f) { return jvp(f, a, da).second; };
  const auto close = [](const Tensor& x, const Tensor& y) { CHECK(largest(x - y) < 1e-12); };
  close(along([](const Tensor& x) {
          const auto [q, r] = qr(x);
          return product(q, r);
        }),
        da);
  close(along([](const Tensor& x) {
          const auto [u, s, vt] = svd(x);
          return product(u * unsqueeze(s, -2), vt);
        }),
        da);
  close(along([](const Tensor& x) { return matmul(qr(x).first, qr(x).first, {.transpose_a = true}); }),
        zeros({3, 3}, f64));
  close(along([](const Tensor& x) { return matmul(svd(x).u, svd(x).u, {.transpose_a = true}); }), zeros({3, 3}, f64));
  close(along([](const Tensor& x) { return tril(qr(x).second, -1); }), zeros({3, 3}, f64));
  const Tensor s = symmetric(random("s", {3, 3})), ds = symmetric(random("ds", {3, 3}));
  close(jvp(
            [](const Tensor& x) {
              const auto [w, v] = eigh(x);
              return matmul(v * unsqueeze(w, -2), v, {.transpose_b = true});
            },
            s, ds)
            .second,
        ds);
}

TEST_CASE("pinv and lstsq have the derivative along matrices of the same rank") {
  // A = L R of rank 2, through its factors.
  const Tensor l = random("l", {4, 2}), r = random("r", {2, 3}), b = random("b", {4, 2});
  CHECK_NOTHROW(
      check_grads([](const List& in) { return pinv(product(in[0], in[1])); }, {l, r}, {.order = 2, .tolerance = 1e-5}));
  CHECK_NOTHROW(check_grads([](const List& in) { return lstsq(product(in[0], in[1]), in[2]); }, {l, r, b},
                            {.order = 2, .tolerance = 1e-5}));
}

TEST_CASE("cholesky and eigh have symmetric cotangents, of the matrix and not of one triangle") {
  const Tensor a = positive(random("a", {4, 4})), x = track(a), w = random("w", {4, 4});
  for (const Tensor& y : {cholesky(x), eigh(x).vectors}) {
    const Tensor g = grad(sum(y * w), x);
    CHECK(largest(g - transpose(g)) < 1e-13 * (1 + largest(g)));
  }
}

TEST_CASE("A NaN in a cotangent or in a tangent propagates to the derivative") {
  const Tensor a = track(positive(random("a", {3, 3}))), b = track(random("b", {3, 2})), wide = slice(a, -2, 0, 2);
  const std::vector<std::pair<const char*, Tensor>> all = {
      {"solve", solve(a, b)},
      {"solve, transposed", grad(sum(solve(a, b)), b)},
      {"triangular_solve", triangular_solve(a, b)},
      {"triangular_solve, upper", triangular_solve(a, b, {.upper = true, .transpose = true})},
      {"cholesky_solve", cholesky_solve(cholesky(a), b)},
      {"lstsq", lstsq(a, b)},
      {"inv", inv(a)},
      {"cholesky", cholesky(a)},
      {"det", det(a)},
      {"logdet", logdet(a)},
      {"slogdet", slogdet(a).second},
      {"q", qr(a).first},
      {"r", qr(a).second},
      {"r of a wide matrix", qr(wide).second},
      {"u", svd(a).u},
      {"s", svd(a).s},
      {"vt", svd(a).vt},
      {"vt of a wide matrix", svd(wide).vt},
      {"eigenvalues", eigh(a).values},
      {"eigenvectors", eigh(a).vectors},
      {"pinv", pinv(a)}};
  const auto any_nan = [](const Tensor& x) {
    const std::vector<double> values = x.values();
    return std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });
  };
  const auto with_nan = [](const Shape& shape) {
    std::vector<double> values(static_cast<size_t>(shape.size()), 1);
    values[0] = NAN;
    return tensor(values, shape, f64);
  };
  for (const auto& [name, y] : all) {
    INFO(name);
    for (const bool record : {false, true}) CHECK(any_nan(vjp(y, a, with_nan(y.shape()), {.record = record})));
    CHECK(any_nan(jvp(y, a, with_nan(a.shape()))));
  }
  for (const Tensor& y : {solve(a, b), triangular_solve(a, b), cholesky_solve(a, b), lstsq(a, b)}) {
    CHECK(any_nan(vjp(y, b, with_nan(y.shape()))));
    CHECK(any_nan(jvp(y, b, with_nan(b.shape()))));
  }
}

TEST_CASE("For svd and eigh, forward mode and Taylor series throw the same errors as reverse mode") {
  const auto words = [](const std::function<void()>& f) -> std::string {
    try {
      f();
    } catch (const ValueError& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  const Tensor along = random("along", {3, 3}), w = random("w", {3, 3});
  for (const Tensor& a : {eye(3, f64), zeros({3, 3}, f64), diag_embed(tensor({2, 2, 5}, f64))}) {
    const Tensor x = track(a);
    for (const Tensor& y : {svd(x).u, svd(x).vt, eigh(x).vectors}) {
      const std::string reverse = words([&] { vjp(y, x, w); });
      CHECK_THAT(reverse, Catch::Contains("equal to rounding") && Catch::Contains("have no derivative"));
      CHECK(words([&] { jvp(y, x, along); }) == reverse);
      CHECK(words([&] { Tape({y}, {x}).jet({{along}}); }) == reverse);
    }
    // Only the values, in reverse mode, as the error says.
    for (const Tensor& y : {svd(x).s, eigh(x).values}) {
      CHECK_NOTHROW(vjp(y, x, ones({3}, f64)));
      CHECK_THAT(words([&] { jvp(y, x, along); }), Catch::Contains("Differentiate only the values, in reverse mode."));
    }
  }
}

TEST_CASE("Empty matrices have empty gradients") {
  const Tensor a = track(zeros({2, 0, 0}, f64)), b = track(zeros({2, 0, 3}, f64));
  const List all = {solve(a, b),
                    triangular_solve(a, b),
                    cholesky_solve(a, b),
                    lstsq(a, b),
                    inv(a),
                    cholesky(a),
                    det(a),
                    logdet(a),
                    qr(a).first,
                    svd(a).u,
                    eigh(a).vectors,
                    pinv(a),
                    pinv(b),
                    svd(b).vt,
                    qr(b).second};
  for (const Tensor& y : all) {
    REQUIRE(y.tracked());
    const List g = grad(sum(y), {a, b});
    CHECK(g[0].shape() == a.shape());
    CHECK(g[1].shape() == b.shape());
  }
}

}  // namespace dimwise::linalg_derivatives_tests
