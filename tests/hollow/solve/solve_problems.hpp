#pragma once
// Equations for the tests of hollow/solve.

#include <cmath>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "hollow/net/any_hollow_net.hpp"
#include "hollow/solve/root.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::test {

/// The largest |a − b|.
inline double furthest(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  const std::vector<double> x = a.values(), y = b.values();
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double difference = std::abs(x[i] - y[i]);
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}

/// F = y − ½ tanh(y Wᵀ) − x, ‖W‖ about 1: every method finds its root.
inline RootProblem contractive(const Tensor& w, const Tensor& x) {
  return {.residual = [=](const Tensor& y) { return y - 0.5 * tanh(linear(y, w)) - x; },
          .diagonal = [=](const Tensor& y) { return 1 - 0.5 * (1 - square(tanh(linear(y, w)))) * diagonal(w); }};
}
inline Tensor unit_matrix(int64_t d, DType dtype = DType::float64) {
  return (0.5 / std::sqrt(d)) * Rng(1).normal({d, d}, dtype);
}

/// F_i = s_i y_i + y_i³ + c Σ_{j≠i} sin y_j / d − x_i with s from 1 to 100: the diagonal dominates, picard diverges.
inline RootProblem dominant(int64_t d, const Tensor& x, double c = 0.5) {
  const Tensor s = d == 1 ? full({1}, 30, x.dtype()) : linspace(1, 100, d, x.dtype());
  return {.residual =
              [=](const Tensor& y) {
                const Tensor waves = sin(y);
                return s * y + y * y * y + c / static_cast<double>(d) * (sum(waves, {-1}, true) - waves) - x;
              },
          .diagonal = [=](const Tensor& y) { return s + 3 * square(y); }};
}

/// F = y + 3 y Kᵀ + y³ − x with an antisymmetric K: only methods that use the off-diagonal elements find its root.
inline RootProblem rotating(int64_t d, const Tensor& x) {
  const Tensor r = Rng(4).normal({d, d}, x.dtype()) / std::sqrt(d), k = r - transpose(r);
  return {.residual = [=](const Tensor& y) { return y + 3 * linear(y, k) + y * y * y - x; },
          .diagonal = [](const Tensor& y) { return 1 + 3 * square(y); }};
}

/// A HollowNet in float64.
inline AnyHollowNet small_net(int64_t d) {
  const Rng rng(11);
  return {make_conditioner("masked", {.d = d, .d_h = 4, .hidden = {16}, .dtype = DType::float64}, rng.split("c")),
          make_transformer("shared", {.d = d, .d_h = 4, .hidden = {16}, .dtype = DType::float64}, rng.split("t"))};
}

/// The equation, with a count of its calls.
struct Counts {
  int64_t residuals = 0, diagonals = 0;
};
inline RootProblem counted(const RootProblem& e, Counts& counts) {
  RootProblem result;
  result.residual = [e, &counts](const Tensor& y) {
    ++counts.residuals;
    return e.residual(y);
  };
  if (e.diagonal)
    result.diagonal = [e, &counts](const Tensor& y) {
      ++counts.diagonals;
      return e.diagonal(y);
    };
  if (e.both)
    result.both = [e, &counts](const Tensor& y) {
      ++counts.residuals;
      ++counts.diagonals;
      return e.both(y);
    };
  return result;
}

}  // namespace dimwise::test
