#pragma once
// Initial value problems for the tests of solvers.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "hollow/ode/odeint.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/references.hpp"

namespace dimwise::problems {

inline Tensor at(const Tensor& y, int64_t i) { return select(y, -1, i); }
inline Tensor vec(const std::vector<Tensor>& parts) { return stack(parts, -1); }
inline State start(const std::vector<double>& y0, DType dtype = DType::float64) { return {tensor(y0, dtype)}; }

/// x' = a x − b x y, y' = −c y + d x y with parameters (a, b, c, d).
inline VectorField lotka_volterra(const Tensor& p) {
  return [p](const Tensor&, const State& s) -> State {
    const Tensor x = at(s[0], 0), y = at(s[0], 1);
    return {vec({at(p, 0) * x - at(p, 1) * x * y, at(p, 3) * x * y - at(p, 2) * y})};
  };
}

/// x' = A11 x³ + A21 y³, y' = A12 x³ + A22 y³ with parameters (A11, A12, A21, A22).
inline VectorField cubic_spiral(const Tensor& p) {
  return [p](const Tensor&, const State& s) -> State {
    const Tensor c = s[0] * s[0] * s[0], x = at(c, 0), y = at(c, 1);
    return {vec({at(p, 0) * x + at(p, 2) * y, at(p, 1) * x + at(p, 3) * y})};
  };
}

inline State lorenz(const Tensor&, const State& s) {
  const Tensor x = at(s[0], 0), y = at(s[0], 1), z = at(s[0], 2);
  return {vec({10 * (y - x), x * (28 - z) - y, x * y - (8.0 / 3) * z})};
}

/// The restricted three-body problem with a closed orbit.
inline State arenstorf(const Tensor&, const State& s) {
  const double m = 0.012277471, n = 1 - m;
  const Tensor x = at(s[0], 0), y = at(s[0], 1), u = at(s[0], 2), v = at(s[0], 3);
  const Tensor d1 = pow(square(x + m) + square(y), 1.5), d2 = pow(square(x - n) + square(y), 1.5);
  return {vec({u, v, x + 2 * v - n * (x + m) / d1 - m * (x - n) / d2, y - 2 * u - n * y / d1 - m * y / d2})};
}

inline State kepler(const Tensor&, const State& s) {
  const Tensor x = at(s[0], 0), y = at(s[0], 1), r3 = pow(square(x) + square(y), 1.5);
  return {vec({at(s[0], 2), at(s[0], 3), -(x / r3), -(y / r3)})};
}

/// The largest |y − expected| over the largest |expected|.
inline double relative_error(const Tensor& y, const std::vector<double>& expected) {
  double worst = 0, size = 0;
  const std::vector<double> values = y.values();
  REQUIRE(values.size() == expected.size());
  for (size_t i = 0; i < values.size(); ++i) {
    worst = std::max(worst, std::abs(values[i] - expected[i]));
    size = std::max(size, std::abs(expected[i]));
  }
  return worst / size;
}

/// The largest relative error of a component, over all times of a stored reference.
inline double worst_error(const std::vector<double>& times, const OdeSolution& solution,
                          const nlohmann::json& reference) {
  double worst = 0;
  int compared = 0;
  for (size_t i = 1; i < solution.y.size(); ++i)
    for (const auto& result : reference["results"]) {
      if (std::abs(result["t"].get<double>() / times[i] - 1) > 1e-12) continue;
      ++compared;
      const auto expected = result["y"].get<std::vector<double>>(), y = solution.y[i][0].values();
      for (size_t j = 0; j < y.size(); ++j) worst = std::max(worst, std::abs(y[j] / expected[j] - 1));
    }
  REQUIRE(compared > 0);
  return worst;
}

inline constexpr OdeGradient all_gradients[] = {OdeGradient::direct, OdeGradient::checkpointed, OdeGradient::adjoint,
                                                OdeGradient::backsolve};
inline const std::vector<std::string> implicit_methods{"bdf", "adams", "kvaerno3", "kencarp4", "kencarp5", "radau5"};

inline std::vector<std::string> adaptive_methods() {
  std::vector<std::string> names;
  for (const std::string& name : ode_method_names())
    if (is_adaptive(name)) names.push_back(name);
  return names;
}

}  // namespace dimwise::problems
