#include "ops/arithmetic.hpp"

#include <cmath>
#include <limits>

#include "autodiff/detail/tangents.hpp"
#include "autodiff/transforms.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/linear_combination.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::arithmetic_tests {

using namespace dimwise::table;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

Tensor t(const std::vector<double>& values) { return tensor(values, DType::float64); }

std::vector<Inputs> pairs_of_normals() {
  return each_pair([](const Shape& a, const Shape& b) { return Inputs{normal(a, 1), normal(b, 2)}; });
}
std::vector<Inputs> pairs_off_ties() {
  return each_pair([](const Shape& a, const Shape& b) { return Inputs{lattice(a, 1, 0), lattice(b, 2, 0.25)}; });
}

using Binary = Tensor (*)(Tensor, Tensor);
using Comparison = Tensor (*)(const Tensor&, const Tensor&);

// The errors of every function of two broadcast operands.
template <class F>
std::vector<std::pair<std::function<void()>, std::string>> binary_errors(const std::string& name, F f) {
  return {{[f] {
             f(zeros({2, 3}), zeros({2}));
           },
           "[" + name +
               "] shapes do not broadcast: (2, 3) and (2,). Axes, counted from the last, must be equal or 1: reshape "
               "one of them."},
          {[f] { f(zeros({2}), zeros({2}, DType::float64)); },
           "[" + name + "] dtypes differ: float32 and float64. Cast one with astype(x, DType::float32)."},
          {[f] { f(zeros({2}), Tensor()); }, "[" + name + "] an input is undefined."}};
}

Entry binary(const std::string& name, Binary f, std::vector<Inputs> samples, decltype(Entry::formula) formula) {
  return {name,
          {name},
          [f](const Inputs& in) { return f(in[0], in[1]); },
          std::move(samples),
          std::move(formula),
          binary_errors(name, f)};
}
// Comparisons, whose derivative is zero.
Entry comparison(const std::string& name, Comparison f) {
  return {
      name, {}, [f](const Inputs& in) { return f(in[0], in[1]); }, pairs_off_ties(), nullptr, binary_errors(name, f)};
}

}  // namespace

std::vector<Entry> entries() {
  const auto undefined = [](const std::string& name, Tensor (*f)(Tensor)) {
    return std::vector<std::pair<std::function<void()>, std::string>>{{[f] { f(Tensor()); }, "[" + name + "]"}};
  };
  const auto bases = each_pair([](const Shape& a, const Shape& b) { return Inputs{positive(a, 1), normal(b, 2)}; });
  const auto divisors = each_pair([](const Shape& a, const Shape& b) { return Inputs{normal(a, 1), off_zero(b, 2)}; });
  const auto mask = [](const Shape& shape) { return lattice(shape, 5, 0.25) > 0.0; };
  return {
      {"alias",
       {"alias"},
       [](const Inputs& in) { return alias(in[0]); },
       normals(),
       [](const auto& z) { return z[0]; }},
      {"stop_gradient", {}, [](const Inputs& in) { return in[0] + stop_gradient(t({1.0})) * 2; }, normals()},
      {"neg",
       {"neg"},
       [](const Inputs& in) { return neg(in[0]); },
       normals(),
       [](const auto& z) { return -z[0]; },
       undefined("neg", neg)},
      binary("add", add, pairs_of_normals(), [](const auto& z) { return z[0] + z[1]; }),
      binary("sub", sub, pairs_of_normals(), [](const auto& z) { return z[0] - z[1]; }),
      binary("mul", mul, pairs_of_normals(), [](const auto& z) { return z[0] * z[1]; }),
      binary("div", div, divisors, [](const auto& z) { return z[0] / z[1]; }),
      binary("pow", pow, bases, [](const auto& z) { return std::pow(z[0], z[1]); }),
      {"pow",
       {"pow"},
       [](const Inputs& in) { return pow(in[0], 3.0); },
       {{t({-1.2, 0.0, 0.7})}, {normal({2, 3})}},
       [](const auto& z) { return z[0] * z[0] * z[0]; }},
      binary("maximum", maximum, pairs_off_ties(),
             [](const auto& z) { return z[0].real() > z[1].real() ? z[0] : z[1]; }),
      binary("minimum", minimum, pairs_off_ties(),
             [](const auto& z) { return z[0].real() < z[1].real() ? z[0] : z[1]; }),
      {"clip",
       {"maximum", "minimum"},
       [](const Inputs& in) { return clip(in[0], -0.3, 0.9); },
       each_shape([](const Shape& s) { return lattice(s, 1, 0.1); }),
       nullptr,
       {{[] { clip(zeros({2}), 1, -1); }, "[clip] low = 1 is above high = -1. Swap them."}}},
      comparison("greater", greater),
      comparison("greater_equal", greater_equal),
      comparison("less", less),
      comparison("less_equal", less_equal),
      comparison("equal", equal),
      comparison("not_equal", not_equal),
      {"where",
       {"where"},
       [mask](const Inputs& in) { return where(mask(broadcast("test", in[0].shape(), in[1].shape())), in[0], in[1]); },
       pairs_of_normals(),
       nullptr,
       {{[] { where(ones({2}), zeros({2}, DType::float64), zeros({2}, DType::float64)); },
         "[where] dtypes differ: float64 and float32."},
        {[] { where(ones({3}), zeros({2}), zeros({2})); }, "[where] shapes do not broadcast: (3,) and (2,)."}}},
      {"where",
       {"where"},
       [mask](const Inputs& in) {
         const Tensor m = mask(in[0].shape());
         return where(m, in[0], 2.0) + where(m, 1.0, in[0]) * where(m, 1.0, -1.0);
       },
       normals()},
      {"mul",
       {"cotangent_mul"},
       [](const Inputs& in) { return cotangent_mul(in[0], in[1]); },
       normals({{{3}, {3}}, {{2, 3}, {3}}, {{}, {2}}, {{2, 1}, {1, 3}}})},
      {"divide",
       {"scale"},
       [](const Inputs& in) { return divide(in[0], -1.7); },
       normals({{{3}}, {{2, 3}}, {{}}, {{0}}})},
      {"scale",
       {"scale"},
       [](const Inputs& in) { return scale(scale(in[0], -1.7), 1); },
       normals(),
       [](const auto& z) { return -1.7 * z[0]; }},
      {"broadcast_to",
       {"broadcast_to"},
       [](const Inputs& in) {
         return broadcast_to(in[0], {2, 3, 2});
       },
       normals({{{1}}, {{}}, {{3, 1}}, {{2, 1, 2}}, {{2, 3, 2}}}),
       nullptr,
       {{[] { broadcast_to(zeros({2}), {1}); },
         "[broadcast_to] shape (2,) does not broadcast to (1,). Only axes of length 1 can be repeated."}}},
      {"sum_to",
       {"sum_to"},
       [](const Inputs& in) {
         return sum_to(in[0], {2, 1});
       },
       normals({{{2, 3}}, {{2, 1}}, {{2, 0}}, {{3, 2, 2}}, {{2, 1, 2, 3}}}),
       nullptr,
       {{[] {
           sum_to(zeros({2}), {2, 2});
         },
         "[sum_to] shape (2,) does not sum to (2, 2). The target must broadcast to the source."}}},
      {"reshape",
       {"reshape"},
       [](const Inputs& in) {
         return reshape(in[0], {-1, 2});
       },
       normals({{{4}}, {{2, 3}}, {{0}}, {{2, 2, 1, 3}}}),
       nullptr,
       {{[] {
           reshape(zeros({2, 3}), {4});
         },
         "[reshape] shape (2, 3) with 6 elements does not fit (4,)."},
        {[] {
           reshape(zeros({2, 3}), {-1, 4});
         },
         "[reshape] shape (2, 3) with 6 elements does not fit (-1, 4)."},
        {[] {
           reshape(zeros({2, 3}), {-2, -3});
         },
         "[reshape] shape (2, 3) with 6 elements does not fit (-2, -3)."},
        {[] {
           reshape(zeros({1}), {-1, -1});
         },
         "[reshape] shape (1,) with 1 elements does not fit (-1, -1)."},
        {[] {
           reshape(zeros({0}), {-1, -1});
         },
         "[reshape] shape (0,) with 0 elements does not fit (-1, -1)."},
        {[] {
           reshape(zeros({0}), {0, -1});
         },
         "[reshape] shape (0,) with 0 elements does not fit (0, -1)."},
        {[] { reshape(Tensor(), {1}); }, "undefined"}}},
      {"row",
       {"row"},
       [](const Inputs& in) { return row(in[0], -1) + row(in[0], 0); },
       normals({{{3}}, {{2, 3}}, {{1, 2, 2}}, {{2, 0}}}),
       nullptr,
       {{[] {
           row(zeros({2, 3}), 2);
         },
         "[row] row 2 is out of range for shape (2, 3). Use -2 … 1."},
        {[] { row(zeros({}), 0); }, "[axis] axis 0 is out of range for shape ()."}}},
      {"place_row",
       {"place_row"},
       [](const Inputs& in) { return place_row(in[0], 1, 3); },
       normals({{{2}}, {{}}, {{2, 3}}, {{0}}}),
       nullptr,
       {{[] { place_row(zeros({2}), 3, 3); }, "[place_row] row 3 is out of range for 3 rows. Use 0 … 2."},
        {[] { place_row(zeros({2}), -1, 3); }, "[place_row] row -1 is out of range for 3 rows."}}},
      {"stack",
       {"stack"},
       [](const Inputs& in) {
         return stack({in[0], in[1], in[0]});
       },
       normals({{{2}, {2}}, {{}, {}}, {{2, 0}, {2, 0}}, {{2, 3}, {2, 3}}}),
       nullptr,
       {{[] { stack(std::vector<Tensor>{}); }, "[stack] the list is empty. Give at least one tensor."},
        {[] {
           stack({zeros({2}), zeros({3})});
         },
         "[stack] shapes differ: (2,) and (3,). Reshape or pad them first."}}},
      {"linear_combination",
       {"linear_combination"},
       [](const Inputs& in) {
         return linear_combination({in[0], in[1], in[0]}, {0.5, -2, 0});
       },
       normals({{{2}, {2}}, {{}, {}}, {{2, 0}, {2, 0}}, {{2, 1, 3, 2}, {2, 1, 3, 2}}}),
       [](const auto& z) { return 0.5 * z[0] - 2.0 * z[1]; },
       {{[] { linear_combination({}, {}); }, "[linear_combination] the list is empty. Give at least one tensor."},
        {[] {
           linear_combination({zeros({2})}, {1, 2});
         },
         "[linear_combination] 2 coefficients for 1 tensors. Give one for each."},
        {[] {
           linear_combination({zeros({2}), zeros({3})}, {1, 1});
         },
         "[linear_combination] shapes differ: (2,) and (3,). Broadcast them first."},
        {[] {
           linear_combination({zeros({2}), Tensor()}, {1, 1});
         },
         "[linear_combination] an input is undefined."}}},
      {"operator+",
       {"add"},
       [](const Inputs& in) { return (in[0] + in[1]) + (0.5 + in[0]) + (in[1] + 0.25); },
       pairs_of_normals(),
       [](const auto& z) { return 2.0 * (z[0] + z[1]) + 0.75; }},
      {"operator-",
       {"sub", "neg"},
       [](const Inputs& in) { return (in[0] - in[1]) - (-in[0]) + (1.0 - in[1]) + (in[0] - 0.5); },
       pairs_of_normals(),
       [](const auto& z) { return 3.0 * z[0] - 2.0 * z[1] + 0.5; }},
      {"operator*",
       {"mul"},
       [](const Inputs& in) { return (in[0] * in[1]) * 3.0 + 0.5 * in[0]; },
       pairs_of_normals(),
       [](const auto& z) { return 3.0 * z[0] * z[1] + 0.5 * z[0]; }},
      {"operator/",
       {"div"},
       [](const Inputs& in) { return in[0] / in[1] + 2.0 / in[1] + in[0] / 4.0; },
       divisors,
       [](const auto& z) { return (z[0] + 2.0) / z[1] + z[0] / 4.0; }},
      {"operator>", {}, [](const Inputs& in) { return (in[0] > in[1]) + (in[0] > 0.1); }, pairs_off_ties()},
      {"operator>=", {}, [](const Inputs& in) { return (in[0] >= in[1]) + (in[0] >= 0.1); }, pairs_off_ties()},
      {"operator<", {}, [](const Inputs& in) { return (in[0] < in[1]) + (in[0] < 0.1); }, pairs_off_ties()},
      {"operator<=", {}, [](const Inputs& in) { return (in[0] <= in[1]) + (in[0] <= 0.1); }, pairs_off_ties()},
  };
}

TEST_CASE("broadcasting follows NumPy: every pair of shapes against a naive loop, in both dtypes") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const auto& [sa, sb] : broadcast_pairs()) {
      const Tensor a = astype(normal(sa, 1), dtype), b = astype(off_zero(sb, 2), dtype);
      const Shape out = broadcast("test", sa, sb);
      const std::vector<double> va = a.values(), vb = b.values();
      const auto offset = [&](int64_t flat, const Shape& s) {
        int64_t at = 0, stride = 1;
        for (int i = 1; i <= out.rank(); ++i) {
          const int64_t index = flat % out[out.rank() - i];
          flat /= out[out.rank() - i];
          if (i > s.rank()) continue;
          at += (s[s.rank() - i] == 1 ? 0 : index) * stride;
          stride *= s[s.rank() - i];
        }
        return static_cast<size_t>(at);
      };
      const std::vector<double> sums = add(a, b).values(), quotients = div(a, b).values(),
                                powers = pow(abs(b), a).values();
      REQUIRE(add(a, b).shape() == out);
      for (int64_t i = 0; i < out.size(); ++i) {
        const double x = va[offset(i, sa)], y = vb[offset(i, sb)], tolerance = dtype == DType::float32 ? 1e-6 : 1e-15;
        CHECK(sums[static_cast<size_t>(i)] == Approx(x + y).epsilon(tolerance).margin(tolerance));
        CHECK(quotients[static_cast<size_t>(i)] == Approx(x / y).epsilon(tolerance));
        CHECK(powers[static_cast<size_t>(i)] == Approx(std::pow(std::abs(y), x)).epsilon(tolerance));
      }
    }
}

TEST_CASE("at ties each operand gets half of the derivative, and clip has derivative 1 at its bounds") {
  const Tensor a = track(t({1, 2, 3})), b = track(t({2, 2, 2}));
  CHECK(grad(sum(maximum(a, b)), a).values() == std::vector<double>{0, 0.5, 1});
  CHECK(grad(sum(maximum(a, b)), b).values() == std::vector<double>{1, 0.5, 0});
  CHECK(grad(sum(minimum(a, b)), a).values() == std::vector<double>{1, 0.5, 0});
  CHECK(grad(sum(minimum(a, b)), b).values() == std::vector<double>{0, 0.5, 1});
  CHECK(grad(sum(clip(a, 1, 2)), a).values() == std::vector<double>{1, 1, 0});
}

TEST_CASE(
    "pow is differentiable in the base at exponent 0, and never takes the logarithm of a number that is not positive") {
  const Tensor a = track(t({0, 0, -2, 2})), b = track(t({0, 2, 2, 0}));
  CHECK(grad(sum(pow(a, b)), a).values() == std::vector<double>{0, 0, -4, 0});
  const std::vector<double> in_b = grad(sum(pow(a, b)), b).values();
  CHECK(in_b == std::vector<double>{0, 0, 0, std::log(2.0)});
}

TEST_CASE("comparisons give 1 and 0, and a NaN compares as false") {
  const Tensor a = t({1, 2, 3, NAN}), b = t({2, 2, 2, 2});
  CHECK((a > b).values() == std::vector<double>{0, 0, 1, 0});
  CHECK((a >= b).values() == std::vector<double>{0, 1, 1, 0});
  CHECK((a < b).values() == std::vector<double>{1, 0, 0, 0});
  CHECK((a <= b).values() == std::vector<double>{1, 1, 0, 0});
  CHECK(equal(a, b).values() == std::vector<double>{0, 1, 0, 0});
  CHECK(not_equal(a, b).values() == std::vector<double>{1, 0, 1, 1});
  CHECK_FALSE((track(a) > b).tracked());
}

TEST_CASE("a NaN stays NaN, and compares as false, at any position and for any length of the tensor") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (int64_t n = 1; n <= 40; ++n)
      for (int64_t at = 0; at < n; ++at) {
        std::vector<double> numbers(static_cast<size_t>(n), 0.5);
        numbers[static_cast<size_t>(at)] = NAN;
        const Tensor x = tensor(numbers, {n}, dtype), halves = full({n}, 0.5, dtype);
        const auto only_at = [&](const Tensor& y, bool expected(double), double elsewhere) {
          const std::vector<double> values = y.values();
          for (int64_t i = 0; i < n; ++i) {
            const double v = values[static_cast<size_t>(i)];
            if (i == at ? !expected(v) : v != elsewhere) return false;
          }
          return true;
        };
        const auto nan = [](double v) { return std::isnan(v); };
        const auto zero = [](double v) { return v == 0; };
        const auto one = [](double v) { return v == 1; };
        INFO("n = " << n << ", NaN at " << at << ", " << dtype);
        for (const Tensor& y : {maximum(x, halves), maximum(halves, x), minimum(x, halves), minimum(halves, x),
                                clip(x, 0, 1), maximum(x, full({}, 0.5, dtype)), minimum(full({1}, 0.5, dtype), x)})
          REQUIRE(only_at(y, nan, 0.5));
        REQUIRE(only_at(not_equal(x, x), one, 0));
        REQUIRE(only_at(not_equal(x, halves), one, 0));
        REQUIRE(only_at(equal(x, halves), zero, 1));
        REQUIRE(only_at(x >= halves, zero, 1));
        REQUIRE(only_at(x <= halves, zero, 1));
        REQUIRE(only_at(where(x, 1.0, 0.0), one, 1));  // not zero, so true, as in NumPy
      }
}

TEST_CASE("a branch that where does not choose does not affect the gradient") {
  const auto at_zero = [](const std::function<Tensor(const Tensor&)>& f) {
    for (const DType dtype : {DType::float32, DType::float64})
      for (int64_t n = 1; n <= 40; ++n) {
        const Tensor x = track(zeros({n}, dtype));
        const Tensor y = sum(where(x > 0.0, f(x), 0.0));
        for (const double g : grad(y, x, {.record = false}).values()) REQUIRE(g == 0);
        const Tensor recorded = grad(y, x);
        for (const double g : recorded.values()) REQUIRE(g == 0);
        if (!recorded.tracked()) continue;
        for (const double g : grad(sum(recorded), x).values()) REQUIRE(g == 0);
      }
  };
  at_zero([](const Tensor& x) { return log(x); });
  at_zero([](const Tensor& x) { return x * log(x); });
  at_zero([](const Tensor& x) { return 1.0 / x; });
  at_zero([](const Tensor& x) { return x / x; });
  at_zero([](const Tensor& x) { return rsqrt(x); });
  at_zero([](const Tensor& x) { return pow(x, -1.5); });
  at_zero([](const Tensor& x) { return exp(1.0 / square(x)); });
}

TEST_CASE("division by zero follows IEEE 754") {
  CHECK(div(t({1, -1}), t({0, 0})).values() == std::vector<double>{inf, -inf});
  CHECK(std::isnan(div(t({0}), t({0})).item()));
}

TEST_CASE("linear combinations of 1 to 9 terms are their sums, for every length, in both dtypes") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (size_t terms = 1; terms <= 9; ++terms)
      for (const int64_t n : {1, 7, 40, 1024, 1025, 3000}) {
        std::vector<Tensor> xs;
        std::vector<double> coefficients;
        Tensor expected = zeros({n}, dtype);
        for (size_t i = 0; i < terms; ++i) {
          xs.push_back(Rng(i).normal({n}, dtype));
          coefficients.push_back(0.5 + static_cast<double>(i));
          expected = expected + coefficients[i] * xs[i];
        }
        const std::vector<double> y = linear_combination(xs, coefficients).values(), e = expected.values();
        for (size_t i = 0; i < y.size(); ++i)
          CHECK(y[i] == Approx(e[i]).margin(dtype == DType::float32 ? 1e-4 : 1e-13));
      }
}

}  // namespace dimwise::arithmetic_tests
