// Mixed of different dtypes: a 0-d one takes the dtype of those that have axes, with its derivatives.
#include <functional>
#include <string>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/series.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::promotion_tests {

namespace {

using Pair = std::function<Tensor(const Tensor& x, const Tensor& t)>;

struct Case {
  const char* name;
  Pair f;
};
const Case smooth[] = {
    {"x + t", [](const Tensor& x, const Tensor& t) { return x + t; }},
    {"t - x", [](const Tensor& x, const Tensor& t) { return t - x; }},
    {"t x", [](const Tensor& x, const Tensor& t) { return t * x; }},
    {"x / t", [](const Tensor& x, const Tensor& t) { return x / t; }},
    {"pow(x, t)", [](const Tensor& x, const Tensor& t) { return pow(x, t); }},
    {"pow(t, x)", [](const Tensor& x, const Tensor& t) { return pow(t, x); }},
    {"maximum(x, t)", [](const Tensor& x, const Tensor& t) { return maximum(x, t); }},
    {"minimum(t, x)", [](const Tensor& x, const Tensor& t) { return minimum(t, x); }},
    {"where(x > t, x, t)", [](const Tensor& x, const Tensor& t) { return where(x > t, x, t); }},
    {"where(t > 1, t, x)", [](const Tensor& x, const Tensor& t) { return where(t > 1, t, x); }},
};
const Case comparisons[] = {
    {"greater", greater}, {"greater_equal", greater_equal}, {"less", less}, {"less_equal", less_equal},
    {"equal", equal},     {"not_equal", not_equal},
};

// t is exact in float32, so that both sides are equal bit for bit.
struct Mixed {
  Tensor x, t;
  DType dtype;
  Mixed(DType dtype, DType other) : x(tensor({0.5, 2.25, 1.25}, dtype)), t(scalar(1.25, other)), dtype(dtype) {}
};
const Mixed both_ways[] = {{DType::float32, DType::float64}, {DType::float64, DType::float32}};

void check_same(const Tensor& a, const Tensor& b) {
  CHECK(a.dtype() == b.dtype());
  CHECK(a.shape() == b.shape());
  CHECK(a.values() == b.values());
}

}  // namespace

TEST_CASE("a 0-d operand takes the dtype of the operands that have axes") {
  for (const Mixed& o : both_ways) {
    const Tensor t = astype(o.t, o.dtype);
    for (const Case& c : smooth) {
      INFO(c.name);
      check_same(c.f(o.x, o.t), c.f(o.x, t));
      check_same(c.f(track(o.x), track(o.t)), c.f(o.x, t));
    }
    for (const Case& c : comparisons) {
      INFO(c.name);
      check_same(c.f(o.x, o.t), c.f(o.x, t));
      check_same(c.f(o.t, o.x), c.f(t, o.x));
    }
  }
}

TEST_CASE("the derivatives of all sweeps and orders are those of a cast, and a gradient has its tensor's dtype") {
  for (const Mixed& o : both_ways)
    for (const Case& c : smooth) {
      INFO(c.name);
      const Tensor x = track(o.x), t = track(o.t), y = c.f(x, t), z = c.f(x, astype(t, o.dtype));
      const auto pulled = grad(sum(y * y), {x, t}), expected = grad(sum(z * z), {x, t});
      CHECK(pulled[1].dtype() == t.dtype());
      for (size_t i = 0; i < 2; ++i) check_same(pulled[i], expected[i]);
      for (size_t i = 0; i < 2; ++i) {
        const auto second = grad(sum(pulled[i]), {x, t}), wanted = grad(sum(expected[i]), {x, t});
        for (size_t j = 0; j < 2; ++j) check_same(second[j], wanted[j]);
      }
      const std::vector<std::vector<Tensor>> directions{{ones_like(x), Tensor(), ones_like(x)},
                                                        {ones_like(t), ones_like(t)}};
      for (const bool recorded : {true, false}) {
        const GradMode mode(recorded);
        check_same(Tape({y}, {x, t}).push({Tensor(), ones_like(t)})[0],
                   Tape({z}, {x, t}).push({Tensor(), ones_like(t)})[0]);
        const Series a = Tape({y}, {x, t}).jet(directions)[0], b = Tape({z}, {x, t}).jet(directions)[0];
        for (int k = 0; k <= 3; ++k) check_same(a.at(k), b.at(k));
      }
    }
}

TEST_CASE("a Taylor series of a 0-d operand is cast with its coefficients") {
  const Mixed o(DType::float32, DType::float64);
  const Series x(std::vector<Tensor>{o.x, Tensor(), o.x}), t(std::vector<Tensor>{o.t, o.t, Tensor(), o.t}),
      cast(std::vector<Tensor>{astype(o.t, o.dtype), astype(o.t, o.dtype), Tensor(), astype(o.t, o.dtype)});
  const Series constant(o.x), results[] = {x * t, t / x, constant - t},
                              expected[] = {x * cast, cast / x, constant - cast};
  for (size_t i = 0; i < 3; ++i)
    for (int k = 0; k <= 3; ++k) {
      CHECK(results[i].at(k).defined() == expected[i].at(k).defined());
      if (expected[i].at(k).defined()) check_same(results[i].at(k), expected[i].at(k));
    }
}

TEST_CASE("two 0-d operands, or two with axes, of different dtypes are refused, as are ops that do not broadcast") {
  const Tensor a = scalar(1), b = scalar(1, DType::float64), c = ones({3}), d = ones({3}, DType::float64);
  const std::string refused = "dtypes differ: float32 and float64. Cast one with astype(x, DType::float32).";
  for (const Case& pair : comparisons) {
    CHECK_THROWS_WITH(pair.f(a, b), "[" + std::string(pair.name) + "] " + refused);
    CHECK_THROWS_WITH(pair.f(c, d), "[" + std::string(pair.name) + "] " + refused);
  }
  CHECK_THROWS_WITH(a * b, "[mul] " + refused);
  CHECK_THROWS_WITH(c * d, "[mul] " + refused);
  CHECK_THROWS_AS(Series(c) * Series(d), DTypeError);
  CHECK_THROWS_AS(Series(a) * Series(b), DTypeError);
  CHECK_THROWS_AS(where(c, d, b), DTypeError);
  CHECK_THROWS_WITH(stack({a, b}), "[stack] " + refused);
  CHECK_THROWS_WITH(concat({c, d}), "[concat] " + refused);
}

}  // namespace dimwise::promotion_tests
