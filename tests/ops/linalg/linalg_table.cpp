#include <functional>

#include "autodiff/base/error.hpp"
#include "autodiff/transforms.hpp"
#include "ops/elementwise.hpp"
#include "ops/linalg.hpp"
#include "ops/reduce.hpp"
#include "tests/ops/linalg/linalg.hpp"
#include "tests/ops/table.hpp"

// The entries of the op table, and all rejected arguments.

namespace dimwise::linalg_tests {

namespace {

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
         "[cholesky_solve] matrix (1,) of the batch is singular: element 0 of its diagonal is 0. Check diagonal(A) "
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
         "[triangular_solve] the matrix is singular: element 0 of its diagonal is 0. Check diagonal(A)"},
        {[=] {
           triangular_solve(with(nan), ones({2, 1}));
         },
         "[triangular_solve] A is not finite: element (1, 0) of the matrix is nan"}},
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
         "[solve] A is not finite: element (1, 0) of the matrix is nan. Every element must be finite; use "
         "DetectAnomaly to find the op that computed it."},
        {[] {
           solve(eye(2), ones({3, 1}));
         },
         "[solve] B has shape (3, 1), but A has (2, 2). It must have A's leading axes and A's number of rows."},
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
       {{[=] { inv(batched); },
         "[inv] matrix (1,) of the batch is singular: pivot 0 is 0. Use pinv, or add a multiple of the identity."},
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
         "[det] matrix (0,) of the batch is singular to rounding, so only the first derivative exists: its condition "
         "number is inf. Differentiate once, or add a multiple of the identity."},
        {[] {
           // Singular, though no pivot is exactly 0.
           const Tensor a = track(tensor({1, 1, 1, 1 + 1e-15}, {1, 2, 2}, f64));
           grad(sum(square(grad(sum(det(a)), a))), a);
         },
         "[det] matrix (0,) of the batch is singular to rounding, so only the first derivative exists: its condition "
         "number is "},
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
         "[qr] column 1 of matrix (0,) of the batch is linearly dependent on the previous ones, to rounding, so qr has "
         "no derivative. Use svd or pinv."},
        {[=] { qr(with(nan)); }, "[qr] A is not finite"},
        {[] { qr(ones({3})); }, "[qr] A has shape (3,). It must be (…, m, n)."}},
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
         "derivative. Differentiate only the values, in reverse mode."},
        {[] {
           const Tensor a = track(tensor({1, 0, 0, 0, 0, 0}, {3, 2}));
           grad(sum(svd(a).u), a);
         },
         "[svd] singular value 1 of the matrix is 0 to rounding, so the vectors of a matrix that is not square have no "
         "derivative. Differentiate only the values, in reverse mode."},
        {[=] { svd(with(nan)); }, "[svd] A is not finite"}},
       true,
       1},
      {"eigh",
       {},
       [=](const table::Inputs& in) {
         const auto [values, vectors] = eigh(symmetric(regular(in[0])));
         return flat({values, square(vectors), select(vectors, -2, 0) * select(vectors, -2, vectors.dim(-2) - 1)});
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
        {[] {
           lstsq(ones({3, 2}), ones({2, 1}));
         },
         "[lstsq] B has shape (2, 1), but A has (3, 2). It must have A's leading axes and A's number of rows."}},
       true,
       1},
  };
}

TEST_CASE("A NaN or infinity at any position of A is rejected") {
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
          CHECK_THROWS_AS(qr(concat({eye(n, dtype), a}, -1)), ValueError);
          CHECK_THROWS_AS(svd(a), ValueError);
          CHECK_THROWS_AS(pinv(a), ValueError);
          CHECK_THROWS_AS(lstsq(a, b), ValueError);
          const std::string place = "(" + std::to_string(at / n) + ", " + std::to_string(at % n) + ")";
          CHECK_THROWS_WITH(inv(a), Catch::Contains(place));
          const bool read = at / n >= at % n;
          if (read) CHECK_THROWS_WITH(cholesky(a), Catch::Contains(place));
          if (at / n <= at % n) CHECK_THROWS_WITH(triangular_solve(a, b, {.upper = true}), Catch::Contains(place));
          for (const auto& f :
               std::vector<std::function<void()>>{[&] { cholesky(a); }, [&] { eigh(a); },
                                                  [&] { triangular_solve(a, b); }, [&] { cholesky_solve(a, b); }})
            if (read)
              CHECK_THROWS_AS(f(), ValueError);
            else
              CHECK_NOTHROW(f());
        }
}

TEST_CASE("A NaN or infinity in B affects only its column of X") {
  for (const DType dtype : {DType::float32, f64})
    for (const double bad : {nan, infinity, -infinity})
      for (const int64_t n : {1, 2, 5, 9, 33})
        for (const int64_t m : {1, 2, 3, 17})
          for (int64_t at = 0; at<n * m; at += n> 5 ? 7 : 1) {
            const Tensor a = astype(positive(random("a", {n, n})), dtype), good = astype(random("b", {n, m}), dtype);
            std::vector<double> values = good.values();
            values[static_cast<size_t>(at)] = bad;
            const Tensor b = tensor(values, {n, m}, dtype), l = cholesky(a);
            const std::vector<std::function<Tensor(const Tensor&)>> solves{
                [&](const Tensor& x) { return solve(a, x); },
                [&](const Tensor& x) { return lstsq(a, x); },
                [&](const Tensor& x) { return cholesky_solve(l, x); },
                [&](const Tensor& x) { return triangular_solve(l, x); },
                [&](const Tensor& x) { return triangular_solve(l, x, {.transpose = true}); },
                [&](const Tensor& x) { return triangular_solve(transpose(l), x, {.upper = true}); },
                [&](const Tensor& x) { return triangular_solve(transpose(l), x, {.upper = true, .transpose = true}); }};
            for (const auto& f : solves) {
              const std::vector<double> x = f(b).values(), expected = f(good).values();
              CHECK(!std::isfinite(x[static_cast<size_t>(at)]));
              for (int64_t i = 0; i < n * m; ++i)
                if (i % m != at % m)
                  CHECK(x[static_cast<size_t>(i)] == Approx(expected[static_cast<size_t>(i)]).epsilon(1e-4));
            }
          }
}

TEST_CASE("Shapes and dtypes that do not fit are rejected") {
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
