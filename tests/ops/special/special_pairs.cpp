// Functions of two numbers, and of a tensor and a number, at all pairs of special values: as in the C library, with the
// derivatives documented in ops/arithmetic.hpp.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "autodiff/context.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::special_pairs_tests {

namespace {

using List = std::vector<Tensor>;
using Values = std::vector<double>;

constexpr double inf = std::numeric_limits<double>::infinity();

template <class T>
std::vector<T> special() {
  std::vector<T> list{0, T(-0.0), 1, -1, 2, -2, T(0.5), T(-0.5), 3, T(2.5), T(-7), T(1e-5), T(1e5), T(-1e5)};
  for (const T x : {std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::min() / 8,
                    std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), T(inf)}) {
    list.push_back(x);
    list.push_back(-x);
  }
  list.push_back(T(NAN));
  return list;
}

template <class T>
struct Function {
  const char* name;
  std::function<Tensor(const Tensor& a, const Tensor& b)> f;
  std::function<T(T a, T b)> value, by_a, by_b;
  double ulps = 0;
};

template <class T>
bool near(T found, T exact, double ulps) {
  if (std::isnan(exact)) return std::isnan(found);
  if (found == exact) return true;
  const double unit = std::max(std::abs(static_cast<double>(exact)) * std::numeric_limits<T>::epsilon(),
                               static_cast<double>(std::numeric_limits<T>::denorm_min()));
  return std::abs(static_cast<double>(found) - static_cast<double>(exact)) <= ulps * unit;
}

// 1 for the larger of two, ½ for each of two equal ones.
template <class T>
T preferred(T a, T b) {
  return a > b ? T(1) : a == b ? T(0.5) : T(0);
}

template <class T>
T power_by_exponent(T a, T b) {
  if (std::isnan(a)) return a;
  return a > 0 ? std::pow(a, b) * std::log(a) : T(0);
}

template <class T>
std::vector<Function<T>> functions() {
  const auto one = [](T, T) { return T(1); };
  const auto zero = [](T, T) { return T(0); };
  return {
      {"add", [](const Tensor& a, const Tensor& b) { return a + b; }, [](T a, T b) { return a + b; }, one, one},
      {"sub", [](const Tensor& a, const Tensor& b) { return a - b; }, [](T a, T b) { return a - b; }, one,
       [](T, T) { return T(-1); }},
      {"mul", [](const Tensor& a, const Tensor& b) { return a * b; }, [](T a, T b) { return a * b; },
       [](T, T b) { return b; }, [](T a, T) { return a; }},
      {"div", [](const Tensor& a, const Tensor& b) { return a / b; }, [](T a, T b) { return a / b; },
       [](T, T b) { return 1 / b; }, [](T a, T b) { return -(a / b) / b; }},
      {"pow", [](const Tensor& a, const Tensor& b) { return pow(a, b); }, [](T a, T b) { return std::pow(a, b); },
       [](T a, T b) { return b == 0 ? T(0) : b * std::pow(a, b - 1); }, power_by_exponent<T>, 4},
      {"maximum", [](const Tensor& a, const Tensor& b) { return maximum(a, b); },
       [](T a, T b) { return std::isnan(a) || std::isnan(b) ? T(NAN) : std::max(a, b); }, preferred<T>,
       [](T a, T b) { return preferred(b, a); }},
      {"minimum", [](const Tensor& a, const Tensor& b) { return minimum(a, b); },
       [](T a, T b) { return std::isnan(a) || std::isnan(b) ? T(NAN) : std::min(a, b); },
       [](T a, T b) { return preferred(b, a); }, preferred<T>},
      {"where", [](const Tensor& a, const Tensor& b) { return where(stop_gradient(a), b, a); },
       [](T a, T b) { return a != 0 ? b : a; }, [](T a, T) { return T(a == 0); }, [](T a, T) { return T(a != 0); }},
      {"greater", [](const Tensor& a, const Tensor& b) { return a > b; }, [](T a, T b) { return T(a > b); }, zero,
       zero},
      {"greater_equal", [](const Tensor& a, const Tensor& b) { return a >= b; }, [](T a, T b) { return T(a >= b); },
       zero, zero},
      {"less", [](const Tensor& a, const Tensor& b) { return a < b; }, [](T a, T b) { return T(a < b); }, zero, zero},
      {"less_equal", [](const Tensor& a, const Tensor& b) { return a <= b; }, [](T a, T b) { return T(a <= b); }, zero,
       zero},
      {"equal", equal, [](T a, T b) { return T(a == b); }, zero, zero},
      {"not_equal", not_equal, [](T a, T b) { return T(a != b); }, zero, zero},
      // For a tensor and a number. The second operand is not used.
      {"x + s", [](const Tensor& a, const Tensor&) { return a + 1.5; }, [](T a, T) { return a + T(1.5); }, one, zero},
      {"x - s", [](const Tensor& a, const Tensor&) { return a - 1.5; }, [](T a, T) { return a - T(1.5); }, one, zero},
      {"s - x", [](const Tensor& a, const Tensor&) { return 1.5 - a; }, [](T a, T) { return T(1.5) - a; },
       [](T, T) { return T(-1); }, zero},
      {"s x", [](const Tensor& a, const Tensor&) { return 1.7 * a; }, [](T a, T) { return T(1.7) * a; },
       [](T, T) { return T(1.7); }, zero},
      {"x / s", [](const Tensor& a, const Tensor&) { return a / 3.0; }, [](T a, T) { return a / 3; },
       [](T, T) { return T(1) / 3; }, zero},
      {"s / x", [](const Tensor& a, const Tensor&) { return 3.0 / a; }, [](T a, T) { return 3 / a; },
       [](T a, T) { return -(3 / a) / a; }, zero},
      {"-x", [](const Tensor& a, const Tensor&) { return -a; }, [](T a, T) { return -a; }, [](T, T) { return T(-1); },
       zero},
      {"pow(x, 2)", [](const Tensor& a, const Tensor&) { return pow(a, 2.0); }, [](T a, T) { return a * a; },
       [](T a, T) { return 2 * a; }, zero},
      {"pow(x, 0)", [](const Tensor& a, const Tensor&) { return pow(a, 0.0); }, one, zero, zero},
      {"pow(x, -1)", [](const Tensor& a, const Tensor&) { return pow(a, -1.0); }, [](T a, T) { return 1 / a; },
       [](T a, T) { return -std::pow(a, T(-2)); }, zero, 1},
      {"clip", [](const Tensor& a, const Tensor&) { return clip(a, -2, 1); },
       [](T a, T) { return a < -2  ? T(-2)
                           : a > 1 ? T(1)
                                   : a; }, [](T a, T) { return T(!(a < -2) && !(a > 1)); }, zero},
  };
}

template <class T>
void check_all() {
  constexpr DType dtype = std::is_same_v<T, float> ? DType::float32 : DType::float64;
  const std::vector<T> list = special<T>();
  Values va, vb;
  for (const T a : list)
    for (const T b : list) va.push_back(a), vb.push_back(b);
  const Tensor a = track(tensor(va, dtype)), b = track(tensor(vb, dtype));
  for (const Function<T>& function : functions<T>()) {
    int failures = 0;
    const auto compare = [&](const char* what, const Tensor& y, const std::function<T(T, T)>& reference) {
      const Values found = broadcast_to(y, a.shape()).values();
      for (size_t i = 0; i < found.size(); ++i) {
        const T exact = reference(static_cast<T>(va[i]), static_cast<T>(vb[i]));
        if (near(static_cast<T>(found[i]), exact, function.ulps) || ++failures > 3) continue;
        FAIL_CHECK(function.name << what << ' ' << dtype << " at " << va[i] << ", " << vb[i] << ": " << found[i]
                                 << ", not " << exact);
      }
    };
    const Tensor y = function.f(a, b);
    compare("", y, function.value);
    compare(" over donated memory", function.f(-(-a), -(-b)), function.value);
    for (const bool record : {false, true}) {
      if (!y.tracked()) continue;
      const GradMode sweep(record);
      const List g = Tape({y}, {a, b}).pull({ones_like(y)});
      compare(record ? " by a, recorded" : " by a", g[0], function.by_a);
      compare(record ? " by b, recorded" : " by b", g[1], function.by_b);
    }
    CHECK(failures == 0);
  }
}

}  // namespace

TEST_CASE("functions of two numbers have the correct values and derivatives at all pairs of special values") {
  check_all<float>();
  check_all<double>();
}

TEST_CASE("negation, division, products and minima keep the sign of zeros, in derivatives too") {
  const auto all = [](const Tensor& x, bool negative) {
    const Values values = x.values();
    return std::all_of(values.begin(), values.end(), [&](double v) { return v == 0 && std::signbit(v) == negative; });
  };
  for (const DType dtype : {DType::float32, DType::float64})
    for (int64_t n = 1; n <= 40; ++n) {
      INFO(dtype << ", " << n);
      const Tensor a = track(zeros({n}, dtype)), b = track(full({n}, -2, dtype)), minus = -a;
      CHECK(all(minus, true));
      CHECK(all(-minus, false));
      CHECK(all(a / b, true));
      CHECK(all(minus / b, false));
      CHECK(all(a * b, true));
      CHECK(all(a - a, false));
      CHECK(all(min(minus), true));
      CHECK(all(min(a), false));
      CHECK(all(min(reshape(minus, {1, n}), {0}), true));
      for (const bool record : {false, true}) {
        // −y/b for y = ∓0.
        CHECK(all(grad(sum(a / b), b, {.record = record}), true));
        CHECK(all(grad(sum(minus / b), b, {.record = record}), false));
        CHECK(all(grad(sum(cos(a)), a, {.record = record}), true));
        CHECK(all(grad(sum(cos(minus)), minus, {.record = record}), false));
        CHECK(all(grad(sum(a * b), b, {.record = record}), false));
        CHECK(all(grad(sum(minus * b), b, {.record = record}), true));
      }
    }
}

}  // namespace dimwise::special_pairs_tests
