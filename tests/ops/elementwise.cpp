#include "ops/elementwise.hpp"

#include <algorithm>
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

// Infinity is replaced by a number whose exponential is 0 or infinite, so that products have the correct limits.
Wide finite(Wide x) { return std::isnan(x) ? x : std::clamp(x, Wide(-1e4900L), Wide(1e4900L)); }
Wide sigma(Wide x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
Wide sigma_slope(Wide x) { return sigma(x) * sigma(-x); }
Wide sigma_bend(Wide x) { return -sigma_slope(x) * std::tanh(x / 2); }
Wide soft(Wide x) { return std::max(x, Wide(0)) + std::log1p(std::exp(-std::abs(x))); }
Wide sech2(Wide x) { return 4 * sigma_slope(2 * x); }
Wide density(Wide x) { return std::exp(-x * x / 2) * 0.398942280401432677939946059934381868L; }
Wide cdf(Wide x) { return std::erfc(-x * 0.707106781186547524400844362104849039L) / 2; }
constexpr Wide two_over_root_pi = 1.12837916709551257389615890312154517L;

using Unary = Tensor (*)(Tensor);

Entry unary(const std::string& name, Unary f, Tensor (*sampler)(const Shape&, uint64_t), Complex (*formula)(Complex),
            const Exact& exact) {
  return {
      name,
      {name},
      [f](const Inputs& in) { return f(in[0]); },
      each_shape([sampler](const Shape& s) { return sampler(s, 1); }),
      formula ? decltype(Entry::formula)([formula](const std::vector<Complex>& z) { return formula(z[0]); }) : nullptr,
      {{[f] { f(Tensor()); }, "[" + name + "] an input is undefined."}},
      true,
      4,
      exact};
}

}  // namespace

std::vector<Entry> entries() {
  return {
      unary(
          "exp", exp, normal, [](Complex z) { return std::exp(z); },
          {[](Wide x) { return std::exp(x); }, [](Wide x) { return std::exp(x); }, [](Wide x) { return std::exp(x); }}),
      unary("expm1", expm1, normal, expm1_series,
            {[](Wide x) { return std::expm1(x); }, [](Wide x) { return std::exp(x); },
             [](Wide x) { return std::exp(x); }}),
      unary("log", log, positive, [](Complex z) { return std::log(z); },
            {[](Wide x) { return std::log(x); }, [](Wide x) { return 1 / x; }, nullptr, 0}),
      unary("log1p", log1p, positive, [](Complex z) { return std::log(1.0 + z); },
            {[](Wide x) { return std::log1p(x); }, [](Wide x) { return 1 / (1 + x); }, nullptr, -1}),
      unary("sin", sin, normal, [](Complex z) { return std::sin(z); },
            {[](Wide x) { return std::sin(x); }, [](Wide x) { return std::cos(x); },
             [](Wide x) { return -std::sin(x); }}),
      unary("cos", cos, normal, [](Complex z) { return std::cos(z); },
            {[](Wide x) { return std::cos(x); }, [](Wide x) { return -std::sin(x); },
             [](Wide x) { return -std::cos(x); }}),
      // Its derivative is 1 − y², which cancels in the tails.
      unary("tanh", tanh, normal, [](Complex z) { return std::tanh(z); },
            {[](Wide x) { return std::tanh(x); }, sech2, [](Wide x) { return -2 * std::tanh(x) * sech2(x); }, -0.3L,
             0.3L}),
      unary("sigmoid", sigmoid, normal, logistic, {sigma, sigma_slope, sigma_bend}),
      unary("softplus", softplus, normal, [](Complex z) { return std::log(1.0 + std::exp(z)); },
            {soft, sigma, sigma_slope}),
      unary(
          "log_sigmoid", log_sigmoid, normal, [](Complex z) { return -std::log(1.0 + std::exp(-z)); },
          {[](Wide x) { return -soft(-x); }, [](Wide x) { return sigma(-x); }, [](Wide x) { return -sigma_slope(x); }}),
      unary("silu", silu, normal, [](Complex z) { return z * logistic(z); },
            {[](Wide x) { return finite(x) * sigma(x); }, [](Wide x) { return sigma(x) * (1 + finite(x) * sigma(-x)); },
             [](Wide x) { return sigma_slope(x) * (2 - finite(x) * std::tanh(x / 2)); }, -HUGE_VALL, HUGE_VALL, 1.278,
             2.399}),
      unary("relu", relu, off_zero, [](Complex z) { return z.real() > 0 ? z : 0; },
            {[](Wide x) { return x > 0 ? x : x * 0; }, [](Wide x) { return Wide(x > 0); }, [](Wide) { return Wide(0); },
             -1e30L, 1e30L}),
      unary("elu", elu, off_zero, [](Complex z) { return z.real() > 0 ? z : expm1_series(z); },
            {[](Wide x) { return x > 0 ? x : std::expm1(x); }, [](Wide x) { return x > 0 ? 1 : std::exp(x); },
             [](Wide x) { return x > 0 ? 0 : std::exp(x); }}),
      unary("gelu", gelu, normal, [](Complex z) { return 0.5 * z * (1.0 + erf_series(z / M_SQRT2)); },
            {[](Wide x) { return finite(x) * cdf(x); }, [](Wide x) { return cdf(x) + finite(x) * density(x); },
             [](Wide x) { return density(x) * 2 - finite(x) * (finite(x) * density(x)); }, -HUGE_VALL, HUGE_VALL, 0.752,
             M_SQRT2}),
      unary("sqrt", sqrt, positive, [](Complex z) { return std::sqrt(z); },
            {[](Wide x) { return std::sqrt(x); }, [](Wide x) { return x == 0 ? 0 : Wide(0.5) / std::sqrt(x); }, nullptr,
             0}),
      unary("rsqrt", rsqrt, positive, [](Complex z) { return 1.0 / std::sqrt(z); },
            {[](Wide x) { return 1 / std::sqrt(x); },
             [](Wide x) { return Wide(-0.5) / std::sqrt(x) / std::sqrt(x) / std::sqrt(x); }, nullptr, 0}),
      unary("square", square, normal, [](Complex z) { return z * z; },
            {[](Wide x) { return x * x; }, [](Wide x) { return 2 * x; }, [](Wide) { return Wide(2); }}),
      unary("abs", abs, off_zero, [](Complex z) { return z.real() > 0 ? z : -z; },
            {[](Wide x) { return std::abs(x); }, [](Wide x) { return Wide((x > 0) - (x < 0)); },
             [](Wide) { return Wide(0); }}),
      unary("erf", erf, normal, erf_series,
            {[](Wide x) { return std::erf(x); }, [](Wide x) { return two_over_root_pi * std::exp(-x * x); },
             [](Wide x) { return -2 * finite(x) * two_over_root_pi * std::exp(-x * x); }}),
      unary("erfc", erfc, normal, [](Complex z) { return 1.0 - erf_series(z); },
            {[](Wide x) { return std::erfc(x); }, [](Wide x) { return -two_over_root_pi * std::exp(-x * x); },
             [](Wide x) { return 2 * finite(x) * two_over_root_pi * std::exp(-x * x); }}),
  };
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
