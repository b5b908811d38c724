#pragma once
// Diffusion on a line or a ring, and its gradients, for the tests of large implicit solves.

#include <algorithm>
#include <string>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "autodiff/transforms.hpp"
#include "ops/reduce.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::lattices {

using problems::implicit_methods;

/// Each component with its two neighbors on a ring.
inline SparsityPattern ring(int64_t n) {
  std::vector<int64_t> rows, columns;
  for (int64_t i = 0; i < n; ++i)
    for (const int64_t j : {i, (i + 1) % n, (i + n - 1) % n}) {
      rows.push_back(i);
      columns.push_back(j);
    }
  return {n, rows, columns};
}

/// The neighbors of each component, from −lower to +upper, of a ring if it is closed: Σ_k a_k y_{i+k} with a_k = k + 2.
inline Tensor neighbors(const Tensor& y, int64_t lower, int64_t upper, bool closed) {
  const int64_t d = y.dim(-1);
  const auto end = [&](int64_t from, int64_t to) {
    const Tensor part = slice(y, -1, from, to);
    return closed ? part : zeros_like(part);
  };
  const Tensor padded = concat({end(d - lower, d), y, end(0, upper)}, -1);
  Tensor sum;
  for (int64_t k = -lower; k <= upper; ++k) {
    const Tensor term = static_cast<double>(k + 2) * slice(padded, -1, k + lower, k + lower + d);
    sum = sum.defined() ? sum + term : term;
  }
  return sum;
}

/// Diffusion with strength k and a reaction, in one dimension.
inline VectorField diffusion(const Tensor& k, bool closed = false) {
  return [=](const Tensor& t, const State& y) -> State {
    const Tensor& u = y[0];
    return {k * (neighbors(u, 1, 1, closed) - 2 * (u + neighbors(u, 1, 1, closed) / 3)) - u * u * u + sin(t)};
  };
}

inline Tensor start_of(const Shape& shape, DType dtype = DType::float64) {
  return 0.5 + 0.3 * Rng(1).uniform(shape, dtype);
}

inline OdeOptions newton(const std::string& method, double rtol = 1e-5) {
  return {.method = method, .rtol = rtol, .atol = rtol, .max_steps = 100000, .implicit = {.corrector = "newton"}};
}

inline const Tensor strength = scalar(300, DType::float64);

struct Outcome {
  std::vector<double> value, start, parameter;
};

/// A solve, and the gradients with respect to its start and the diffusion's strength.
inline Outcome outcome(const std::function<OdeTerm(const Tensor& k)>& term, const Tensor& y0,
                       const OdeOptions& options) {
  const Tensor k = track(strength), start = track(y0);
  const OdeSolution s = value_or_throw(odeint(term(k), {start}, {0, 0.2}, options));
  const std::vector<Tensor> g = grad(sum(square(s.y.back()[0])), {start, k});
  return {s.y.back()[0].values(), g[0].values(), g[1].values()};
}

inline double off(const std::vector<double>& a, const std::vector<double>& b) {
  double most = 0, scale = 0;
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(a[i] - b[i]));
    scale = std::max(scale, std::abs(b[i]));
  }
  return most / scale;
}

}  // namespace dimwise::lattices
