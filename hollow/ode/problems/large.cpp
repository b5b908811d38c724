#include <cmath>
#include <numbers>

#include "hollow/ode/problems/detail/problem_families.hpp"
#include "hollow/ode/problems/detail/terms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"

namespace dimwise::ode::problems {

namespace {

using std::numbers::pi;

Tensor like(const Tensor& y, const Tensor& numbers) { return broadcast_to(numbers, y.shape()); }

// The matrix with given numbers `below`, on and above the diagonal at distance `distance`.
Tensor banded(int64_t d, int64_t distance, double diagonal, double beside) {
  std::vector<double> m(static_cast<size_t>(d * d));
  for (int64_t i = 0; i < d; ++i)
    for (int64_t j = 0; j < d; ++j)
      m[static_cast<size_t>(i * d + j)] = i == j ? diagonal : std::abs(i - j) == distance ? beside : 0;
  return tensor(m, {d, d}, DType::float64);
}

// y_{i−k} − 2 y_i + y_{i+k}, with k given numbers beyond either end.
Tensor laplacian(const Tensor& y, const Tensor& boundary) {
  const int64_t d = y.dim(-1), k = boundary.size();
  const Tensor edge = broadcast_to(boundary, y.shape().with_last(k)), padded = concat({edge, y, edge});
  return slice(padded, -1, 0, d) + slice(padded, -1, 2 * k, d + 2 * k) - 2 * y;
}

OdeProblem brusselator(const std::string& name, int64_t n) {
  const auto N = static_cast<double>(n);
  const double g = 0.02 * (N + 1) * (N + 1);
  const Tensor boundary = values({1, 3});
  std::vector<double> y0;
  for (int64_t i = 1; i <= n; ++i) {
    y0.push_back(1 + 0.5 * std::sin(2 * pi * static_cast<double>(i) / (N + 1)));
    y0.push_back(3);
  }
  const auto u = [n](const Tensor& y) { return slice(y, -1, 0, 2 * n, 2); };
  const auto v = [n](const Tensor& y) { return slice(y, -1, 1, 2 * n, 2); };
  const auto woven = [](const Tensor& even, const Tensor& odd) {
    return reshape(stack({even, odd}, -1), even.shape().with_last(2 * even.dim(-1)));
  };
  const TimeMap diagonal = [=](const Tensor&, const Tensor& y) {
    const Tensor a = u(y);
    return woven(2 * (a * v(y)) - 4, -square(a)) - 2 * g;
  };
  OdeTerm term = term_of(
      [=](const Tensor&, const Tensor& y) {
        const Tensor a = u(y), aab = a * a * v(y);
        return g * laplacian(y, boundary) + woven(1 + aab - 4 * a, 3 * a - aab);
      },
      diagonal);
  term.sparsity = SparsityPattern::banded(2 * n, 2, 2);
  return {.name = name,
          .title = "Brusselator with diffusion 1/50 on " + std::to_string(n) + " points",
          .source = "Hairer & Wanner 1996 (BRUSS)",
          .note = "stiff by diffusion, so the neighbors weigh as much as the diagonal",
          .term = std::move(term),
          .y0 = {values(y0)},
          .times = {0, 10},
          .stiff = true};
}

OdeProblem brusselator_40() { return brusselator("brusselator", 40); }
OdeProblem brusselator_500() { return brusselator("brusselator-500", 500); }

OdeProblem diagonally_dominant() {
  constexpr int64_t d = 200;
  std::vector<double> rates;
  std::vector<int64_t> next, previous;
  for (int64_t i = 0; i < d; ++i) {
    rates.push_back(-std::pow(10.0, 5.0 * static_cast<double>(i) / (d - 1)));
    next.push_back((i + 1) % d);
    previous.push_back((i + d - 1) % d);
  }
  const Tensor decay = values(rates);
  std::vector<double> both(static_cast<size_t>(d * d));
  for (int64_t i = 0; i < d; ++i) {
    both[static_cast<size_t>(i * d + next[static_cast<size_t>(i)])] = 0.5;
    both[static_cast<size_t>(i * d + previous[static_cast<size_t>(i)])] = 0.5;
  }
  const Tensor neighbors = tensor(both, {d, d}, DType::float64), diagonal = diag_embed(decay);
  return {.name = "diagonally-dominant",
          .title = "200 relaxations at rates 1 to 1e5 towards cos t, weakly coupled",
          .source = "y_i' = -l_i (y_i - cos t) + (sin y_(i+1) + sin y_(i-1)) / 2 in a ring",
          .note = "the diagonal is nearly all of the Jacobian",
          .term = term_of(
              [=](const Tensor& t, const Tensor& y) {
                const Tensor s = sin(y);
                return decay * (y - cos(t)) + 0.5 * (index_select(s, -1, next) + index_select(s, -1, previous));
              },
              [=](const Tensor&, const Tensor& y) { return like(y, decay); },
              [=](const Tensor&, const Tensor& y) { return neighbors * unsqueeze(cos(y), -2) + diagonal; }),
          .y0 = {full({d}, 0.5, DType::float64)},
          .times = {0, 10},
          .stiff = true};
}

OdeProblem reaction_diffusion() {
  constexpr int64_t n = 100;
  constexpr double k = 1e4, g = 0.02 * (n + 1) * (n + 1), edge = 0.6823278038280193;  // the root of u + u³ = 1
  std::vector<double> profile;
  for (int64_t i = 1; i <= n; ++i) profile.push_back(std::sin(2 * pi * static_cast<double>(i) / (n + 1)));
  const Tensor wave = values(profile), boundary = values({edge}), lattice = banded(n, 1, 0, g);
  const TimeMap diagonal = [=](const Tensor&, const Tensor& y) { return -3 * k * square(y) - (k + 2 * g); };
  return {.name = "reaction-diffusion",
          .title = "u_t = 0.02 u_xx - 1e4 (u + u^3 - 1 - sin(2 pi x) cos t) on 100 points",
          .source = "method of lines with a strong reaction",
          .note = "the reaction is ten times as stiff as the diffusion, so the diagonal dominates",
          .term = term_of(
              [=](const Tensor& t, const Tensor& y) {
                return g * laplacian(y, boundary) - k * (y + y * y * y - 1 - wave * cos(t));
              },
              diagonal, [=](const Tensor& t, const Tensor& y) { return lattice + diag_embed(diagonal(t, y)); }),
          .y0 = {full({n}, edge, DType::float64)},
          .times = {0, 10},
          .stiff = true};
}

// Two planes that turn at w and contract at a ≪ w, around a slow circle.
OdeProblem rotation_stiff() {
  const std::vector<std::vector<double>> rows = {
      {-1, -100, 0, 0}, {100, -1, 0, 0}, {0, 0, -10, -1000}, {0, 0, 1000, -10}};
  const Tensor A = matrix(rows), contraction = diagonal(A);
  const Tensor cosine = values({1, 0, 1, 0}), sine = values({0, 1, 0, 1});
  return {.name = "rotation-stiff",
          .title = "two planes turning at 100 and 1000, contracting at 1 and 10, around (cos t, sin t)",
          .source = "Prothero & Robinson's construction with complex eigenvalues",
          .note = "stiff off the diagonal: Jacobi-Newton does not contract, and BDF of order 3 and more is unstable",
          .term = term_of(
              [=](const Tensor& t, const Tensor& y) {
                const Tensor c = cos(t), s = sin(t);
                return linear(y - (cosine * c + sine * s), A) + (sine * c - cosine * s);
              },
              [=](const Tensor&, const Tensor& y) { return like(y, contraction); },
              [=](const Tensor&, const Tensor& y) {
                Shape shape = y.shape();
                shape.push_back(4);
                return broadcast_to(A, shape);
              }),
          .y0 = {values({1, 0, 1, 0})},
          .times = {0, 10},
          .stiff = true,
          .exact = [](double t) -> std::vector<double> {
            return {std::cos(t), std::sin(t), std::cos(t), std::sin(t)};
          }};
}

}  // namespace

Problems large_problems() {
  return {brusselator_40, brusselator_500, diagonally_dominant, reaction_diffusion, rotation_stiff};
}

}  // namespace dimwise::ode::problems
