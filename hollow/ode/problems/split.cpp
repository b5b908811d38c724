// Diffusion, which is stiff, beside what is not: advection or reactions. Each problem stands here as a whole and split.
#include <cmath>
#include <numbers>

#include "hollow/ode/problems/detail/problem_families.hpp"
#include "hollow/ode/problems/detail/terms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise::ode::problems {

namespace {

// y_{i+by} on a ring.
Tensor neighbor(const Tensor& y, int64_t by) {
  const int64_t d = y.dim(-1), cut = (by + d) % d;
  return concat({slice(y, -1, cut, d), slice(y, -1, 0, cut)}, -1);
}

// The matrix of below·y_{i−1} + diagonal·y_i + above·y_{i+1} on a ring of d points.
Tensor circulant(int64_t d, double below, double diagonal, double above) {
  std::vector<double> m(static_cast<size_t>(d * d));
  const auto put = [&](int64_t i, int64_t j, double x) { m[static_cast<size_t>(i * d + (j + d) % d)] = x; };
  for (int64_t i = 0; i < d; ++i) {
    put(i, i - 1, below);
    put(i, i, diagonal);
    put(i, i + 1, above);
  }
  return tensor(m, {d, d}, DType::float64);
}

Tensor rows_of(const Tensor& matrix, const Tensor& y) {
  Shape shape = y.shape();
  shape.push_back(y.dim(-1));
  return broadcast_to(matrix, shape);
}

// Burgers' equation u_t + (u²/2)_x = ν u_xx with central differences on the ring of length 1.
OdeProblem burgers(const std::string& name, bool split) {
  constexpr int64_t d = 200;
  constexpr double nu = 0.05, diffusivity = nu * d * d, speed = 0.25 * d;
  std::vector<double> wave;
  for (int64_t i = 0; i < d; ++i)
    wave.push_back(1 + 0.5 * std::sin(2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(d)));
  const auto diffusion = [=](const Tensor& y) { return diffusivity * (neighbor(y, 1) - 2 * y + neighbor(y, -1)); };
  const auto advection = [=](const Tensor& y) {
    const Tensor square_of = square(y);
    return speed * (neighbor(square_of, -1) - neighbor(square_of, 1));
  };
  const TimeMap diagonal = [=](const Tensor&, const Tensor& y) {
    return full(y.shape(), -2 * diffusivity, DType::float64);
  };
  const Tensor spread = circulant(d, diffusivity, -2 * diffusivity, diffusivity),
               flow = circulant(d, 2 * speed, 0, -2 * speed);
  OdeTerm term = split ? term_of([=](const Tensor&, const Tensor& y) { return diffusion(y); }, diagonal,
                                 [=](const Tensor&, const Tensor& y) { return rows_of(spread, y); })
                       : term_of([=](const Tensor&, const Tensor& y) { return diffusion(y) + advection(y); }, diagonal,
                                 [=](const Tensor&, const Tensor& y) { return spread + flow * unsqueeze(y, -2); });
  if (split) term.nonstiff = [=](const Tensor&, const State& y) -> State { return {advection(y[0])}; };
  return {.name = name,
          .title = "Burgers' equation with viscosity 1/20 on a ring of 200 points" +
                   std::string(split ? ", advection as the non-stiff part" : ""),
          .source = "Kennedy & Carpenter 2003, method of lines with central differences",
          .note = "stiff by diffusion alone; advection is not stiff, but not linear",
          .term = term,
          .y0 = {values(wave)},
          .times = {0, 0.5},
          .stiff = true};
}

OdeProblem burgers_whole() { return burgers("burgers", false); }
OdeProblem burgers_split() { return burgers("burgers-split", true); }

}  // namespace

Problems split_problems() { return {burgers_whole, burgers_split}; }

}  // namespace dimwise::ode::problems
