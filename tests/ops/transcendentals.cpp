#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "autodiff/basic.hpp"
#include "autodiff/transforms.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::transcendentals_tests {

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

// Without cancellation and overflow, in the precision of T.
template <class T>
T logistic(T x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
template <class T>
T softplus_of(T x) {
  return std::max(x, T(0)) + std::log1p(std::exp(-std::abs(x)));
}
template <class T>
T silu_of(T x) {
  return std::isinf(x) && x < 0 ? T(-0.0) : x * logistic(x);
}
double silu_slope(double x) {
  const double s = logistic(x);
  return std::isinf(x) ? s : s * (1 + x * logistic(-x));
}

struct Tested {
  const char* name;
  Tensor (*f)(Tensor);
  double (*reference)(double);
  long double (*wide)(long double);
};
const Tested functions[] = {
    {"exp", exp, [](double x) { return std::exp(x); }, [](long double x) { return std::exp(x); }},
    {"tanh", tanh, [](double x) { return std::tanh(x); }, [](long double x) { return std::tanh(x); }},
    {"sigmoid", sigmoid, logistic<double>, logistic<long double>},
    {"softplus", softplus, softplus_of<double>, softplus_of<long double>},
    {"silu", silu, silu_of<double>, silu_of<long double>},
};

float from_bits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// |y − exact| in units of the last place of a float of exact's size. Infinity counts as 2¹²⁸, the next number.
double ulps(float y, double exact) {
  if (std::isnan(y) || std::isnan(exact)) return std::isnan(y) && std::isnan(exact) ? 0 : inf;
  const auto finite = [](double v) { return std::clamp(v, -0x1p128, 0x1p128); };
  int exponent;
  std::frexp(std::min(std::abs(exact), 0x1.fp127), &exponent);
  return std::abs(finite(y) - finite(exact)) / std::ldexp(1.0, std::max(exponent - 24, -149));
}

// The largest error of the five functions over floats handed to add().
class Survey {
 public:
  void add(float x) {
    pending_.push_back(x);
    if (pending_.size() == 1 << 14) flush();
  }
  void check() {
    flush();
    for (size_t i = 0; i < std::size(functions); ++i) {
      INFO(functions[i].name << " at " << at_[i]);
      CHECK(worst_[i] <= 4);
    }
  }

 private:
  void flush() {
    if (pending_.empty()) return;
    const Tensor x = tensor(pending_);
    for (size_t i = 0; i < std::size(functions); ++i) {
      const Tensor y = functions[i].f(x);
      const std::span<const float> values = y.data<float>();
      for (size_t j = 0; j < pending_.size(); ++j)
        if (const double e = ulps(values[j], functions[i].reference(pending_[j])); !(e <= worst_[i])) {
          worst_[i] = e;
          at_[i] = pending_[j];
        }
    }
    pending_.clear();
  }

  std::vector<double> pending_;
  double worst_[std::size(functions)]{}, at_[std::size(functions)]{};
};

double at(const Tested& function, double x, DType dtype) { return function.f(scalar(x, dtype)).item(); }

}  // namespace

TEST_CASE("float32 functions are within 4 ulp over all floats") {
  Survey survey;
  for (uint64_t bits = 0; bits < uint64_t(1) << 32; bits += 1009) survey.add(from_bits(static_cast<uint32_t>(bits)));
  survey.check();
}

TEST_CASE("float32 functions are within 4 ulp on a dense grid where they are curved") {
  Survey survey;
  for (const uint32_t sign : {0u, 0x80000000u})
    for (uint32_t bits = 0x38800000; bits < 0x43000000; bits += 97) survey.add(from_bits(sign | bits));  // 2⁻¹⁴ to 2⁷
  survey.check();
}

TEST_CASE("float32 functions are within 4 ulp around zero, infinity and every threshold") {
  Survey survey;
  for (const float center :
       {0.0f, 0x1p-126f, 0.17328680f, 0.34657359f, 0.5f, 1.0f, 9.010913f, 10.0f, 17.32868f, 50.0f, 87.33655f, 88.72284f,
        89.0f, 103.27893f, 103.97208f, 105.0f, 108.6f, 110.0f, std::numeric_limits<float>::max()}) {
    uint32_t middle;
    std::memcpy(&middle, &center, sizeof middle);
    for (const uint32_t sign : {0u, 0x80000000u})
      for (uint32_t bits = middle - std::min(middle, 4096u); bits <= std::min(middle + 4096, 0x7f800000u); ++bits)
        survey.add(from_bits(sign | bits));
  }
  survey.check();
}

TEST_CASE("float64 functions are as accurate as the library's") {
  for (const Tested& function : functions) {
    const Tensor x = linspace(-700, 700, 100'001, DType::float64), y = function.f(x);
    double worst = 0, worst_at = 0;
    for (size_t i = 0; i < static_cast<size_t>(x.size()); ++i) {
      const auto exact = function.wide(x.data<double>()[i]);
      const auto e = static_cast<double>(std::abs(y.data<double>()[i] - exact) / std::abs(exact));
      if (exact != 0 && !(e <= worst)) worst = e, worst_at = x.data<double>()[i];
    }
    INFO(function.name << " at " << worst_at);
    CHECK(worst < 4 * std::numeric_limits<double>::epsilon());
  }
}

TEST_CASE("NaN gives NaN, infinities and both zeros give the limits") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const Tested& function : functions) {
      INFO(function.name << " " << dtype);
      CHECK(std::isnan(at(function, NAN, dtype)));
      CHECK(std::isnan(at(function, -NAN, dtype)));
      for (const double x : {inf, -inf, 1e4, -1e4, 0.0, -0.0}) {
        CHECK(at(function, x, dtype) == Approx(function.reference(x)).epsilon(1e-6));
        CHECK(std::signbit(at(function, x, dtype)) == std::signbit(function.reference(x)));
      }
    }
}

TEST_CASE("tanh is odd, at most 1, exactly ±1 for large numbers and x for tiny ones") {
  for (const double x : {10.0, 20.0, 89.0, 1e4, 3e38, inf}) {
    CHECK(at(functions[1], x, DType::float32) == 1);
    CHECK(at(functions[1], -x, DType::float32) == -1);
  }
  for (const double x : {0x1p-149, 0x1.8p-140, 0x1p-126, 1e-30, 1e-10, 1e-5}) {
    CHECK(at(functions[1], x, DType::float32) == static_cast<float>(x));
    CHECK(at(functions[1], -x, DType::float32) == static_cast<float>(-x));
  }
  const Tensor x = linspace(0, 12, 100'000), up = tanh(x), down = tanh(neg(x));
  for (size_t i = 0; i < static_cast<size_t>(x.size()); ++i) {
    if (up.data<float>()[i] == -down.data<float>()[i] && up.data<float>()[i] <= 1) continue;
    FAIL_CHECK("tanh of ±" << x.data<float>()[i]);
  }
}

TEST_CASE("derivatives are finite at any number and at infinity") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const Tested& function : functions)
      for (const double x : {1e4, -1e4, 3e38, -3e38, inf, -inf}) {
        if (function.f == functions[0].f && x > 0) continue;
        INFO(function.name << " " << dtype << " at " << x);
        const Tensor at_x = track(scalar(x, dtype));
        const bool rises = x > 0 && (function.f == functions[3].f || function.f == functions[4].f);
        CHECK(grad(function.f(at_x), at_x, {.record = false}).item() == (rises ? 1 : 0));
      }
}

TEST_CASE("derivatives of softplus and silu agree with those in double") {
  const Tensor x = track(linspace(-120, 120, 200'001));
  const auto slopes = [&](Tensor (*f)(Tensor)) { return grad(sum(f(x)), x, {.record = false}); };
  const Tensor of_softplus = slopes(softplus), of_silu = slopes(silu);
  double worst_softplus = 0, worst_silu = 0;
  for (size_t i = 0; i < static_cast<size_t>(x.size()); ++i) {
    const double at = x.data<float>()[i];
    worst_softplus = std::max(worst_softplus, ulps(of_softplus.data<float>()[i], logistic(at)));
    worst_silu = std::max(worst_silu, std::abs(of_silu.data<float>()[i] - silu_slope(at)));
  }
  CHECK(worst_softplus <= 4);
  CHECK(worst_silu < 3e-7);
}

}  // namespace dimwise::transcendentals_tests
