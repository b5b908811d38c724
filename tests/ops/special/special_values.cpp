// Values and derivatives in the tails and at special points, and their independence of an element's position.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/all_ops.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::special_values_tests {

namespace {

using table::Entry;
using table::Wide;
using Reference = Wide (*)(Wide);
using Unary = Tensor (*)(Tensor);

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr DType both[] = {DType::float32, DType::float64};

// The entries of functions of one operand.
std::vector<Entry> functions() {
  std::vector<Entry> list;
  for (const Entry& e : table::entries())
    if (e.exact) list.push_back(e);
  return list;
}

// Both signs of these, as numbers of the dtype.
std::vector<double> points(DType dtype) {
  std::vector<double> list = {
      0,   1e-323, 1e-310, 3e-308, 1e-300, 1e-45, 1e-40, 2e-38, 1e-20, 1e-8, 1e-4,  1e-3,  0.01,    0.1, 0.25, 0.3,
      0.5, 0.7,    0.75,   0.9,    1,      1.5,   1.6,   2,     2.5,   3,    3.2,   4,     5,       6,   7,    8,
      9,   9.1,    10,     11,     12.5,   15,    16,    17,    19,    20,   23,    26,    30,      36,  38,   40,
      45,  50,     52,     60,     80,     87,    88,    88.5,  88.7,  89,   95,    100,   103,     104, 106,  120,
      300, 350,    371,    373,    400,    700,   708.5, 709.7, 710,   740,  744,   745,   745.2,   750, 755,  800,
      1e3, 1599,   1601,   1e4,    1e6,    2e6,   1e9,   1e22,  1e30,  3e38, 1e150, 1e300, 1.7e308, inf};
  for (int i = 1; i < 200; ++i) list.push_back(0.0973 * i);
  for (int i = 1; i < 100; ++i) list.push_back(i * M_PI_2);
  for (const double most : {1e-6, 5.0, 80.0})
    for (const double x : Rng(7).uniform({500}, DType::float64, 0, most).values()) list.push_back(x);
  std::vector<double> all;
  for (const double x : list)
    for (const double signed_x : {x, -x})
      all.push_back(dtype == DType::float32 ? static_cast<double>(static_cast<float>(signed_x)) : signed_x);
  return all;
}

// |y − exact| in units of the last place of exact. Infinity counts as the next power of two.
double ulps(double y, Wide exact, DType dtype) {
  if (std::isnan(y) || std::isnan(exact)) return std::isnan(y) && std::isnan(exact) ? 0 : inf;
  const bool narrow = dtype == DType::float32;
  const int digits = narrow ? 24 : 53, lowest = narrow ? -149 : -1074, highest = narrow ? 128 : 1024;
  const Wide end = std::ldexp(Wide(1), highest), e = std::clamp(exact, -end, end),
             v = std::clamp(static_cast<Wide>(y), -end, end);
  int exponent = 0;
  std::frexp(e, &exponent);
  if (e == 0) exponent = lowest;
  return static_cast<double>(std::abs(v - e) /
                             std::ldexp(Wide(1), std::max(std::min(exponent, highest) - digits, lowest)));
}

void near(const char* what, const Entry& entry, const Tensor& x, const Tensor& y, Reference reference, double most,
          double root = inf, double smallest = 0) {
  const std::vector<double> at = x.values(), values = y.values();
  double worst = 0;
  size_t where = 0;
  for (size_t i = 0; i < at.size(); ++i) {
    if (std::abs(std::abs(at[i]) - root) < 0.8) continue;
    const Wide exact = reference(at[i]);
    if (std::abs(exact) < smallest && std::abs(values[i]) < 2 * smallest) continue;
    if (const double e = ulps(values[i], exact, x.dtype()); !(e <= worst)) worst = e, where = i;
  }
  INFO(entry.function << what << " " << x.dtype() << " at " << at[where] << ": " << values[where] << ", not "
                      << static_cast<double>(reference(at[where])));
  CHECK(worst <= most);
}

Tensor slopes(const Tensor& y, const Tensor& x, bool record) { return grad(sum(y), x, {.record = record}); }

bool same(double a, double b) { return std::isnan(a) ? std::isnan(b) : std::memcmp(&a, &b, sizeof a) == 0; }

// Magnitudes that would affect a function that depends on its neighbors. Their number is odd: rotated by one position
// at a time, each of them occurs in each lane next to each other one.
std::vector<double> mixed(DType dtype) {
  if (dtype == DType::float32)
    return {0.0,  -0.0, 1e-45, -1e-40, 1e-39, 1e-30, -1e-5,  0.3,    -0.7,  1.0,    -1.5,
            2.75, -9.3, 17.0,  50.0,   -60.0, 88.5,  -100.0, -104.5, 333.3, 1599.0, -1601.0,
            1e5,  -3e7, 1e20,  3.4e38, -3e38, inf,   -inf,   NAN,    0.5};
  return {0.0,  -0.0,  5e-324,  -1e-310, 1e-308, 1e-200, -1e-5,  0.3,    -0.7,  1.0,   -1.5,
          2.75, -9.3,  17.0,    50.0,    -60.0,  709.5,  -700.0, -744.5, 333.3, 1.5e6, -1.7e6,
          1e15, -3e22, 1.7e308, 1e5,     -1e300, inf,    -inf,   NAN,    0.5};
}

// Values and derivatives of one call, flattened: y, ∂ unrecorded, ∂ recorded, ∂² of the first input.
using Call = std::function<Tensor(const std::vector<Tensor>&)>;
std::vector<std::vector<double>> results(const Call& f, const std::vector<Tensor>& in) {
  std::vector<Tensor> x;
  for (const Tensor& t : in) x.push_back(track(t));
  const Tensor y = f(x);
  std::vector<std::vector<double>> all{y.values()};
  if (!y.tracked()) return all;
  for (const bool record : {false, true})
    for (const Tensor& g : grad(sum(y), x, {.record = record})) all.push_back(g.values());
  const Tensor g = grad(sum(y), x[0]);
  if (g.tracked())
    for (const bool record : {false, true}) all.push_back(slopes(g, x[0], record).values());
  return all;
}

void alike_everywhere(const char* name, const Call& f, size_t operands) {
  for (const DType dtype : both) {
    const std::vector<double> values = mixed(dtype);
    const size_t m = values.size();
    // Operand k of element i is the value i + 7k.
    const auto operand = [&](size_t k, size_t first, size_t n) {
      std::vector<double> list;
      for (size_t i = 0; i < n; ++i) list.push_back(values[(first + i + 7 * k) % m]);
      return tensor(list, dtype);
    };
    const auto run = [&](size_t first, size_t n) {
      std::vector<Tensor> in;
      for (size_t k = 0; k < operands; ++k) in.push_back(operand(k, first, n));
      return results(f, in);
    };
    std::vector<std::vector<std::vector<double>>> alone;
    for (size_t i = 0; i < m; ++i) alone.push_back(run(i, 1));
    int different = 0;
    for (size_t n = 2; n <= 40; ++n)
      for (size_t first = 0; first < m; first += n < 40 ? 5 : 1) {
        const auto together = run(first, n);
        for (size_t r = 0; r < together.size(); ++r)
          for (size_t i = 0; i < n; ++i) {
            const size_t at = (first + i) % m;
            if (same(together[r][i], alone[at][r][0]) || ++different > 3) continue;
            FAIL_CHECK(name << " " << dtype << ", result " << r << " at " << values[at] << ": " << together[r][i]
                            << " in lane " << i << " of " << n << ", " << alone[at][r][0] << " alone");
          }
      }
    CHECK(different == 0);
  }
}

}  // namespace

TEST_CASE("values and derivatives are accurate in the tails and at special points, recorded or not") {
  for (const Entry& e : functions())
    for (const DType dtype : both) {
      std::vector<double> inside;
      for (const double x : points(dtype))
        if (x >= e.exact->low && x <= e.exact->high) inside.push_back(x);
      const auto& [value, slope, bend, low, high, slope_root, bend_root] = *e.exact;
      const Tensor x = track(tensor(inside, dtype)), y = e.f({x}), g = slopes(y, x, true);
      // A product with a subnormal number has few digits.
      const double tiny = dtype == DType::float32 ? 1e-35 : 1e-305, product = slope_root < inf ? tiny : 0;
      const double most = e.function == "rsqrt" ? 5 : 4;  // its cube
      near("", e, x, y, value, 4);
      near("'", e, x, g, slope, most, slope_root, product);
      near("' unrecorded", e, x, slopes(y, x, false), slope, most, slope_root, product);
      if (!bend) continue;
      for (const bool record : {false, true})
        near(record ? "''" : "'' unrecorded", e, x, g.tracked() ? slopes(g, x, record) : zeros_like(x), bend, 8,
             bend_root, tiny);
      // The same by Taylor series: ½f''.
      const NoGrad guard;
      const Series jet = Tape({y}, {x}).jet({{ones_like(x), Tensor()}})[0];
      const Tensor half = jet.at(2).defined() ? jet.at(2) : zeros_like(x);
      near("'' by series", e, x, half + half, bend, 8, bend_root, tiny);
    }
}

TEST_CASE("the entry of every elementwise record of one operand has its formula in long double") {
  std::set<std::string> met;
  for (const Entry& e : functions()) met.insert(e.records.begin(), e.records.end());
  for (const auto& family : {exponential_ops(), trigonometric_ops(), activation_ops(), power_ops()})
    for (const Op* op : family) {
      INFO(op->name << ": the Entry that names it has `exact`");
      CHECK(met.count(op->name) == 1);
    }
}

TEST_CASE("derivatives that rules in y would round to 0") {
  const auto slope = [](Unary f, double at, DType dtype) {
    const Tensor x = track(scalar(at, dtype));
    return grad(f(x), x).item();
  };
  CHECK(slope(expm1, -40, DType::float64) == Approx(4.248354255291589e-18).epsilon(1e-15));
  CHECK(slope(expm1, -17, DType::float32) == Approx(4.1399377187851666e-8).epsilon(4e-7));
  CHECK(slope(elu, -20, DType::float32) == Approx(2.061153622438558e-9).epsilon(4e-7));
  CHECK(slope(sigmoid, 40, DType::float64) == Approx(4.248354255291589e-18).epsilon(1e-15));
  CHECK(slope(sigmoid, 40, DType::float64) == slope(sigmoid, -40, DType::float64));
  CHECK(log_sigmoid(scalar(40, DType::float64)).item() == Approx(-4.248354255291589e-18).epsilon(1e-15));
  CHECK(log_sigmoid(scalar(-1000, DType::float64)).item() == -1000);
  CHECK(gelu(scalar(-10, DType::float64)).item() == Approx(-7.619853024160527e-23).epsilon(1e-14));
  // Where Φ(x) is subnormal and the product need not be.
  CHECK(gelu(scalar(-37.6, DType::float64)).item() == Approx(-4.041290298447291e-308).epsilon(1e-14));
}

TEST_CASE("the ends of the range of exp and log") {
  const auto f64 = [](Unary f, double x) { return f(scalar(x, DType::float64)).item(); };
  CHECK(f64(log, 1e-310) == Approx(-713.8013788281542).epsilon(1e-15));
  CHECK(f64(log, 5e-324) == Approx(-744.4400719213812).epsilon(1e-15));
  CHECK(f64(exp, 709.7) == Approx(1.6549840276802644e308).epsilon(1e-13));
  CHECK(f64(exp, 709.79) == inf);
  CHECK(f64(exp, -745.1) == 5e-324);
  CHECK(f64(exp, -740) == Approx(4.199558e-322).epsilon(5e-3));
  CHECK(log(scalar(1e-40, DType::float32)).item() == Approx(-92.1034).epsilon(1e-6));
  const Tensor x = track(scalar(1e-310, DType::float64));
  const Tensor y = log(x);
  CHECK(Tape({y}, {x}).jet({{stop_gradient(x)}})[0].value().item() == y.item());
}

TEST_CASE("zeros keep their sign, and infinities and NaN propagate as in the C library") {
  struct Case {
    const char* name;
    Unary f;
    double (*reference)(double);
  };
  const Case cases[] = {{"exp", exp, std::exp},
                        {"expm1", expm1, std::expm1},
                        {"log", log, std::log},
                        {"log1p", log1p, std::log1p},
                        {"sin", sin, std::sin},
                        {"cos", cos, std::cos},
                        {"tanh", tanh, std::tanh},
                        {"erf", erf, std::erf},
                        {"erfc", erfc, std::erfc},
                        {"sqrt", sqrt, std::sqrt},
                        {"rsqrt", rsqrt, [](double x) { return 1 / std::sqrt(x); }},
                        {"abs", abs, std::fabs}};
  for (const Case& c : cases)
    for (const DType dtype : both)
      for (const double x : {0.0, -0.0, inf, -inf, 1.0, -1.0, -2.0, double(NAN)}) {
        const double y = c.f(scalar(x, dtype)).item(), expected = c.reference(x);
        INFO(c.name << " " << dtype << " of " << x << ": " << y);
        if (std::isnan(expected)) {
          CHECK(std::isnan(y));
        } else {
          CHECK((y == expected || std::abs(y - expected) < 1e-6 * std::abs(expected)));
          CHECK(std::signbit(y) == std::signbit(expected));
        }
      }
}

TEST_CASE("derivatives at special points are those documented in the header") {
  const auto slope = [](Unary f, double at, DType dtype, bool record) {
    const Tensor x = track(scalar(at, dtype));
    return grad(f(x), x, {.record = record}).item();
  };
  for (const DType dtype : both)
    for (const bool record : {false, true}) {
      CHECK(std::isnan(slope(sqrt, -1, dtype, record)));
      CHECK(slope(sqrt, 0.0, dtype, record) == 0);
      CHECK(slope(sqrt, -0.0, dtype, record) == 0);
      CHECK(slope(sqrt, inf, dtype, record) == 0);
      CHECK(slope(abs, 0.0, dtype, record) == 0);
      CHECK(slope(abs, -0.0, dtype, record) == 0);
      CHECK(slope(relu, 0.0, dtype, record) == 0);
      CHECK(slope(relu, -0.0, dtype, record) == 0);
      CHECK(slope(relu, inf, dtype, record) == 1);
      CHECK(slope(relu, -inf, dtype, record) == 0);
      CHECK(slope(elu, 0.0, dtype, record) == 1);
      CHECK(slope(rsqrt, 0.0, dtype, record) == -inf);
      CHECK(std::isnan(slope(rsqrt, -1, dtype, record)));
      CHECK(std::isnan(relu(scalar(NAN, dtype)).item()));
      for (const Entry& e : functions())
        if (e.function != "square") {
          INFO(e.function << " " << dtype);
          const Tensor x = track(scalar(NAN, dtype));
          CHECK(std::isnan(grad(e.f({x}), x, {.record = record}).item()));
        }
    }
  const Tensor x = track(tensor({0.0, -2, 3}, DType::float64));
  for (const Unary f : {static_cast<Unary>(abs), static_cast<Unary>(relu)}) {
    const Tensor g = slopes(f(x), x, true);
    CHECK((!g.tracked() || sum(square(slopes(g, x, true))).item() == 0));
  }
}

TEST_CASE("a function of one number gives the same in every lane and next to any neighbors") {
  for (const Entry& e : functions()) alike_everywhere(e.function.c_str(), e.f, 1);
  alike_everywhere(
      "neg", [](const std::vector<Tensor>& in) { return neg(in[0]); }, 1);
  alike_everywhere(
      "scale", [](const std::vector<Tensor>& in) { return scale(in[0], 1.7); }, 1);
  alike_everywhere(
      "clip", [](const std::vector<Tensor>& in) { return clip(in[0], -1, 1); }, 1);
}

TEST_CASE("a function of two numbers gives the same in every lane and next to any neighbors") {
  using Binary = Tensor (*)(Tensor, Tensor);
  using Comparison = Tensor (*)(const Tensor&, const Tensor&);
  for (const auto& [name, f] : {std::pair<const char*, Binary>{"add", add},
                                {"sub", sub},
                                {"mul", mul},
                                {"div", div},
                                {"pow", pow},
                                {"maximum", maximum},
                                {"minimum", minimum}})
    alike_everywhere(
        name, [f = f](const std::vector<Tensor>& in) { return f(in[0], in[1]); }, 2);
  for (const auto& [name, f] : {std::pair<const char*, Comparison>{"greater", greater},
                                {"greater_equal", greater_equal},
                                {"less", less},
                                {"less_equal", less_equal},
                                {"equal", equal},
                                {"not_equal", not_equal}})
    alike_everywhere(
        name, [f = f](const std::vector<Tensor>& in) { return f(in[0], in[1]); }, 2);
  alike_everywhere(
      "where", [](const std::vector<Tensor>& in) { return where(stop_gradient(in[2]), in[0], in[1]); }, 3);
}

}  // namespace dimwise::special_values_tests
