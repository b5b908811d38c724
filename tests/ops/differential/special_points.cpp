// Elementwise ops at special points, and of two operands at all pairs of them: values and derivatives are those of JAX
// or of PyTorch, or in the list of differences.
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "autodiff/context.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "tests/catch.hpp"
#include "tests/ops/differential/vocabulary.hpp"

namespace dimwise::special_points_tests {

using differential::Numbers;
using differential::Operands;
using differential::vocabulary;
using nlohmann::json;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

double sigmoid_of(double x) { return x > 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

// Where dimwise agrees with neither, and what it gives instead.
struct Difference {
  const char* op;
  size_t which;                    ///< 0 the value, 1 and 2 the derivatives by the operands
  bool (*at)(double a, double b);  ///< b is NaN if there is one operand
  double (*expected)(double a, double b);
  size_t points;
  double tolerance = 1e-10;
};

const std::vector<Difference>& differences() {
  static const std::vector<Difference> list{
      // Limits at ±∞, where both multiply ∞ with 0.
      {"silu", 0, [](double x, double) { return x == -inf; }, [](double, double) { return -0.0; }, 1},
      {"silu", 1, [](double x, double) { return std::isinf(x); }, [](double x, double) { return x > 0 ? 1.0 : 0; }, 2},
      {"gelu", 0, [](double x, double) { return x == -inf; }, [](double, double) { return -0.0; }, 1},
      {"gelu", 1, [](double x, double) { return std::isinf(x); }, [](double x, double) { return x > 0 ? 1.0 : 0; }, 2},
      // The derivative is NaN at NaN, except that of clip, which is 1 between the bounds and not beyond.
      {"relu", 1, [](double x, double) { return std::isnan(x); }, [](double x, double) { return x; }, 1},
      {"abs", 1, [](double x, double) { return std::isnan(x); }, [](double x, double) { return x; }, 1},
      {"clip", 1, [](double x, double) { return std::isnan(x); }, [](double, double) { return 1.0; }, 1},
      // Both compute it as y + 1 of y = expm1(x), y (1 − y) and 1 − y², which cancel in the tails.
      {"expm1", 1, [](double x, double) { return x <= -20 && x > -inf; }, [](double x, double) { return std::exp(x); },
       6},
      {"sigmoid", 1, [](double x, double) { return (x >= 20 && x < inf) || x == -710; },
       [](double x, double) { return sigmoid_of(x) * sigmoid_of(-x); }, 7},
      {"tanh", 1, [](double x, double) { return std::abs(x) == 9; },
       [](double x, double) { return 1 / (std::cosh(x) * std::cosh(x)); }, 2, 2e-9},
      // Underflow is gradual. Both divide by 1 + e⁷¹⁰ = ∞, and by x² = ∞.
      {"sigmoid", 0, [](double x, double) { return x == -710; }, [](double x, double) { return sigmoid_of(x); }, 1},
      {"silu", 0, [](double x, double) { return x == -710; }, [](double x, double) { return x * sigmoid_of(x); }, 1},
      {"silu", 1, [](double x, double) { return x == -710; },
       [](double x, double) { return sigmoid_of(x) * (1 + x * sigmoid_of(-x)); }, 1},
      {"pow_number -2", 0, [](double x, double) { return std::abs(x) == 1e155; },
       [](double x, double) { return 1 / x / x; }, 2},
      {"pow_number -1", 1, [](double x, double) { return std::abs(x) == 1e155; },
       [](double x, double) { return -1 / x / x; }, 2},
      // The derivative by the exponent is 0 for a base ≤ 0. Both have aᵇ ln a = NaN for a base < 0, and for exponent
      // NaN.
      {"pow", 2, [](double a, double b) { return a < 0 || (a == 0 && std::isnan(b)); },
       [](double, double) { return 0.0; }, 216},
  };
  return list;
}

double number(const json& value) {
  return value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>();
}
Numbers numbers(const json& values) {
  Numbers list;
  for (const json& value : values) list.push_back(number(value));
  return list;
}

// Equal, of two zeros also in their signs if asked; subnormal numbers have few digits.
bool same(double found, double exact, bool signs, double tolerance = 1e-10) {
  if (std::isnan(exact)) return std::isnan(found);
  if (found == 0 && exact == 0) return !signs || std::signbit(found) == std::signbit(exact);
  return found == exact || std::abs(found - exact) <= tolerance * std::abs(exact) + 1e-322;
}

// An op at all points of a part of the file: list 0 has the values, 1 and 2 the derivatives.
struct Points {
  Points(const json& part, const json& entry) : name(entry.at("op")) {
    const Numbers p = entry.at("numbers").get<Numbers>();
    for (const json& x : part.at("x")) at.push_back(numbers(x));
    for (const json& list : entry.at("jax")) jax.push_back(numbers(list));
    torch = jax;
    for (const json& d : entry.at("torch")) torch[d[0].get<size_t>()][d[1].get<size_t>()] = number(d[2]);
    Operands x;
    for (const Numbers& a : at) x.push_back(track(tensor(a, DType::float64)));
    const Tensor y = vocabulary().at(name).f(x, p);
    found.push_back(y.values());
    const Operands g = y.tracked() ? Tape({y}, x).pull({ones_like(y)}) : Operands(x.size());
    for (const Tensor& each : g)
      found.push_back(each.defined() ? (each + zeros_like(y)).values() : Numbers(at[0].size()));
    if (name == "pow_number") name += ' ' + entry.at("numbers")[0].dump();
  }

  double a(size_t i) const { return at[0][i]; }
  double b(size_t i) const { return at.size() > 1 ? at[1][i] : double(NAN); }

  std::string name;
  std::vector<Numbers> at, found, jax, torch;
};

}  // namespace

TEST_CASE("explained differences from JAX and PyTorch at special points are the only ones") {
  const json file = differential::recorded("special_points.json.gz");
  std::map<const Difference*, size_t> met;
  size_t points = 0, agreed = 0, ops = 0;
  for (const char* operands : {"one", "two"})
    for (const json& entry : file.at(operands).at("ops")) {
      const Points p(file.at(operands), entry);
      ++ops;
      for (size_t k = 0; k < p.found.size(); ++k)
        for (size_t i = 0; i < p.found[k].size(); ++i) {
          const double found = p.found[k][i], jax = p.jax[k][i], torch = p.torch[k][i];
          ++points;
          if (same(found, jax, k == 0) || same(found, torch, k == 0)) {
            ++agreed;
            continue;
          }
          INFO(p.name << (k == 0   ? ""
                          : k == 1 ? ", derivative by a"
                                   : ", derivative by b")
                      << " at " << p.a(i) << ", " << p.b(i) << ": JAX has " << jax << ", PyTorch " << torch);
          const Difference* listed = nullptr;
          for (const Difference& d : differences())
            if (p.name == d.op && k == d.which && d.at(p.a(i), p.b(i))) listed = &d;
          CHECK(listed);
          if (!listed) continue;
          ++met[listed];
          const double expected = listed->expected(p.a(i), p.b(i));
          CAPTURE(found, expected);
          CHECK(same(found, expected, k == 0, listed->tolerance));
        }
    }
  for (const Difference& d : differences()) {
    INFO(d.op << ", " << d.which);
    CHECK(met[&d] == d.points);
  }
  CHECK(ops >= 50);
  CHECK(points >= 20'000);
  CHECK(agreed >= points - 250);
}

}  // namespace dimwise::special_points_tests
