#include "ops/elementwise.hpp"

#include <cmath>
#include <limits>

#include "autodiff/transforms.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::elementwise_tests {

using namespace dimwise::table;

namespace {

// erf by its series, which is also valid for complex numbers.
Complex erf_series(Complex z) {
  Complex term = z, sum = z;
  for (int n = 1; n < 80; ++n) {
    term *= -z * z / static_cast<double>(n);
    sum += term / (2.0 * n + 1);
  }
  return sum * M_2_SQRTPI;
}
Complex expm1_series(Complex z) {
  Complex term = z, sum = z;
  for (int n = 2; n < 60; ++n) sum += term *= z / static_cast<double>(n);
  return sum;
}
Complex logistic(Complex z) { return 1.0 / (1.0 + std::exp(-z)); }

using Unary = Tensor (*)(Tensor);

Entry unary(const std::string& name, Unary f, Tensor (*sampler)(const Shape&, uint64_t), Complex (*formula)(Complex)) {
  return {
      name,
      {name},
      [f](const Inputs& in) { return f(in[0]); },
      each_shape([sampler](const Shape& s) { return sampler(s, 1); }),
      formula ? decltype(Entry::formula)([formula](const std::vector<Complex>& z) { return formula(z[0]); }) : nullptr,
      {{[f] { f(Tensor()); }, "[" + name + "] an input is undefined."}}};
}

double sigma(double x) { return 1 / (1 + std::exp(-x)); }
double normal_cdf(double x) { return std::erfc(-x / M_SQRT2) / 2; }

}  // namespace

std::vector<Entry> entries() {
  return {
      unary("exp", exp, normal, [](Complex z) { return std::exp(z); }),
      unary("expm1", expm1, normal, expm1_series),
      unary("log", log, positive, [](Complex z) { return std::log(z); }),
      unary("log1p", log1p, positive, [](Complex z) { return std::log(1.0 + z); }),
      unary("sin", sin, normal, [](Complex z) { return std::sin(z); }),
      unary("cos", cos, normal, [](Complex z) { return std::cos(z); }),
      unary("tanh", tanh, normal, [](Complex z) { return std::tanh(z); }),
      unary("sigmoid", sigmoid, normal, logistic),
      unary("softplus", softplus, normal, [](Complex z) { return std::log(1.0 + std::exp(z)); }),
      unary("log_sigmoid", log_sigmoid, normal, [](Complex z) { return -std::log(1.0 + std::exp(-z)); }),
      unary("silu", silu, normal, [](Complex z) { return z * logistic(z); }),
      unary("relu", relu, off_zero, [](Complex z) { return z.real() > 0 ? z : 0; }),
      unary("elu", elu, off_zero, [](Complex z) { return z.real() > 0 ? z : expm1_series(z); }),
      unary("gelu", gelu, normal, [](Complex z) { return 0.5 * z * (1.0 + erf_series(z / M_SQRT2)); }),
      unary("sqrt", sqrt, positive, [](Complex z) { return std::sqrt(z); }),
      unary("rsqrt", rsqrt, positive, [](Complex z) { return 1.0 / std::sqrt(z); }),
      unary("square", square, normal, [](Complex z) { return z * z; }),
      unary("abs", abs, off_zero, [](Complex z) { return z.real() > 0 ? z : -z; }),
      unary("erf", erf, normal, erf_series),
      unary("erfc", erfc, normal, [](Complex z) { return 1.0 - erf_series(z); }),
  };
}

TEST_CASE("elementwise functions agree with the C library over their range, in both dtypes") {
  struct Case {
    const char* name;
    Unary f;
    double (*reference)(double);
    double low, high;
  };
  const Case cases[] = {
      {"exp", exp, [](double x) { return std::exp(x); }, -80, 80},
      {"expm1", expm1, [](double x) { return std::expm1(x); }, -30, 30},
      {"expm1 near 0", expm1, [](double x) { return std::expm1(x); }, -1e-8, 1e-8},
      {"log", log, [](double x) { return std::log(x); }, 1e-30, 1e3},
      {"log1p", log1p, [](double x) { return std::log1p(x); }, -0.9, 50},
      {"log1p near 0", log1p, [](double x) { return std::log1p(x); }, -1e-8, 1e-8},
      {"sin", sin, [](double x) { return std::sin(x); }, -30, 30},
      {"cos", cos, [](double x) { return std::cos(x); }, -30, 30},
      {"tanh", tanh, [](double x) { return std::tanh(x); }, -20, 20},
      {"tanh near 0", tanh, [](double x) { return std::tanh(x); }, -1e-6, 1e-6},
      {"sigmoid", sigmoid, sigma, -80, 80},
      {"softplus", softplus, [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }, -80, 80},
      {"silu", silu, [](double x) { return x * sigma(x); }, -80, 80},
      {"relu", relu, [](double x) { return std::max(x, 0.0); }, -3, 3},
      {"elu", elu, [](double x) { return x > 0 ? x : std::expm1(x); }, -30, 30},
      {"gelu", gelu, [](double x) { return x * normal_cdf(x); }, -4, 10},
      {"sqrt", sqrt, [](double x) { return std::sqrt(x); }, 0, 1e6},
      {"rsqrt", rsqrt, [](double x) { return 1 / std::sqrt(x); }, 1e-6, 1e6},
      {"square", square, [](double x) { return x * x; }, -1e3, 1e3},
      {"abs", abs, [](double x) { return std::abs(x); }, -5, 5},
      {"erf", erf, [](double x) { return std::erf(x); }, -5, 5},
      {"erfc", erfc, [](double x) { return std::erfc(x); }, -5, 5},
      {"log_sigmoid", log_sigmoid, [](double x) { return std::min(x, 0.0) - std::log1p(std::exp(-std::abs(x))); }, -80,
       80},
  };
  for (const Case& c : cases)
    for (const DType dtype : {DType::float32, DType::float64}) {
      const Tensor x = Rng(7).uniform({1000}, dtype, c.low, c.high);
      const std::vector<double> in = x.values(), out = c.f(x).values();
      double worst = 0, at = 0;
      for (size_t i = 0; i < in.size(); ++i) {
        const double expected = c.reference(in[i]);
        const double error = std::abs(out[i] - expected) / std::max(std::abs(expected), 1e-300);
        if (error > worst) worst = error, at = in[i];
      }
      INFO(c.name << " " << dtype << " at " << at);
      CHECK(worst < (dtype == DType::float32 ? 1e-6 : 4e-15));
    }
}

TEST_CASE("a value and a derivative do not depend on the element's position: lengths 1 to 40") {
  for (const Entry& e : entries())
    for (const DType dtype : {DType::float32, DType::float64}) {
      const Tensor all = astype(Rng(3).uniform({40}, DType::float64, 0.4, 2), dtype);
      const Tensor x = track(all), y = e.f({x});
      const std::vector<double> values = y.values(), slopes = grad(sum(y), x, {.record = false}).values();
      bool same = true;
      for (int64_t n = 1; n < 40; ++n) {
        const Tensor part = track(slice(all, 0, 40 - n, 40)), z = e.f({part});
        const std::vector<double> v = z.values(), s = grad(sum(z), part, {.record = false}).values();
        same = same && std::equal(v.begin(), v.end(), values.end() - n) &&
               std::equal(s.begin(), s.end(), slopes.end() - n);
      }
      INFO(e.function << " " << dtype);
      CHECK(same);
    }
}

TEST_CASE("derivatives at kinks are those the documentation states") {
  const Tensor zero = track(scalar(0, DType::float64));
  CHECK(grad(relu(zero), zero).item() == 0);
  CHECK(grad(abs(zero), zero).item() == 0);
  CHECK(grad(sqrt(zero), zero).item() == 0);
  CHECK(grad(elu(zero), zero).item() == 1);
}

TEST_CASE("outside its domain a function gives NaN or infinity, as in IEEE 754") {
  const auto at = [](double x) { return scalar(x, DType::float64); };
  CHECK(std::isnan(log(at(-1)).item()));
  CHECK(log(at(0)).item() == -std::numeric_limits<double>::infinity());
  CHECK(log1p(at(-1)).item() == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(sqrt(at(-1)).item()));
  CHECK(rsqrt(at(0)).item() == std::numeric_limits<double>::infinity());
  CHECK(exp(at(1e4)).item() == std::numeric_limits<double>::infinity());
  CHECK(exp(at(-1e4)).item() == 0);
  for (const Entry& e : entries()) {
    INFO(e.function);
    CHECK(std::isnan(e.f({at(NAN)}).item()));
  }
}

}  // namespace dimwise::elementwise_tests
