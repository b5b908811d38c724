#include <cmath>
#include <numbers>

#include "hollow/ode/problems/detail/orbit.hpp"
#include "hollow/ode/problems/detail/problem_families.hpp"
#include "hollow/ode/problems/detail/terms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"

namespace dimwise::ode::problems {

namespace {

using std::numbers::pi;

OdeProblem forced_relaxation() {
  return {.name = "forced-relaxation",
          .title = "y' = -50 (y - cos t)",
          .source = "Curtiss & Hirschfelder 1952",
          .note = "mildly stiff behind a short transient",
          .term = term_of([](const Tensor& t, const Tensor& y) { return -50 * (y - cos(t)); },
                          [](const Tensor&, const Tensor& y) { return full(y.shape(), -50, y.dtype()); }),
          .y0 = {values({0})},
          .times = {0, 0.05, 1, 3},
          .stiff = true,
          .exact = [](double t) -> std::vector<double> {
            return {(2500 * std::cos(t) + 50 * std::sin(t) - 2500 * std::exp(-50 * t)) / 2501};
          }};
}

OdeProblem prothero_robinson() {
  constexpr double lambda = -1e6;
  return {
      .name = "prothero-robinson",
      .title = "y' = -1e6 (y - sin(t + pi/4)) + cos(t + pi/4)",
      .source = "Prothero & Robinson 1974",
      .note = "shows the order that implicit Runge-Kutta methods lose on stiff problems",
      .term = term_of([](const Tensor& t, const Tensor& y) { return lambda * (y - sin(t + pi / 4)) + cos(t + pi / 4); },
                      [](const Tensor&, const Tensor& y) { return full(y.shape(), lambda, y.dtype()); }),
      .y0 = {values({std::sin(pi / 4)})},
      .times = {0, 1, 10},
      .stiff = true,
      .exact = [](double t) -> std::vector<double> { return {std::sin(t + pi / 4)}; }};
}

OdeProblem logistic() {
  return {.name = "logistic",
          .title = "y' = y (1 - y)",
          .source = "Verhulst 1838",
          .term = polynomial_term(1, {{0, 1, {0}}, {0, -1, {0, 0}}}),
          .y0 = {values({0.1})},
          .times = {0, 3, 10},
          .exact = [](double t) -> std::vector<double> { return {1 / (1 + 9 * std::exp(-t))}; }};
}

OdeProblem blow_up() {
  return {.name = "blow-up",
          .title = "y' = y^2, infinite at t = 1",
          .source = "closed form 1 / (1 - t)",
          .note = "cannot be solved to its end: a solver must say where it stopped",
          .term = polynomial_term(1, {{0, 1, {0, 0}}}),
          .y0 = {values({1})},
          .times = {0, 0.5, 0.9, 2},
          .exact = [](double t) -> std::vector<double> { return {1 / (1 - t)}; }};
}

OdeProblem rotation() {
  constexpr double w = 3;
  return {.name = "rotation",
          .title = "y1' = -3 y2, y2' = 3 y1",
          .source = "closed form",
          .note = "no damping: the diagonal of the Jacobian is 0",
          .term = polynomial_term(2, linear_monomials({{0, -w}, {w, 0}})),
          .y0 = {values({1, 0.5})},
          .times = {0, 2, 20},
          .exact = [](double t) -> std::vector<double> {
            const double c = std::cos(w * t), s = std::sin(w * t);
            return {c - 0.5 * s, s + 0.5 * c};
          }};
}

OdeProblem kepler() {
  return {.name = "kepler",
          .title = "two bodies, eccentricity 0.5, one period",
          .source = "Hairer, Norsett & Wanner 1993",
          .note = "energy -1/2 and angular momentum sqrt(3)/2 are kept",
          .term = orbit_term(),
          .y0 = {values(orbit(0.5))},
          .times = {0, 2 * pi},
          .exact = [](double t) { return orbit(0.5, t); }};
}

OdeProblem lotka_volterra() {
  return {.name = "lotka-volterra",
          .title = "x' = 1.5 x - x y, y' = -3 y + x y",
          .source = "Lotka 1925, Volterra 1926",
          .note = "x - 3 ln x + y - 1.5 ln y is kept",
          .term = polynomial_term(2, {{0, 1.5, {0}}, {0, -1, {0, 1}}, {1, -3, {1}}, {1, 1, {0, 1}}}),
          .y0 = {values({1, 1})},
          .times = {0, 1, 10},
          .reference = "lotka_volterra"};
}

OdeProblem cubic_spiral() {
  return {
      .name = "cubic-spiral",
      .title = "x' = -0.1 x^3 - 2 y^3, y' = 2 x^3 - 0.1 y^3",
      .source = "Chen et al. 2018",
      .term = polynomial_term(2, {{0, -0.1, {0, 0, 0}}, {0, -2, {1, 1, 1}}, {1, 2, {0, 0, 0}}, {1, -0.1, {1, 1, 1}}}),
      .y0 = {values({2, 0})},
      .times = {0, 1, 5, 25},
      .reference = "cubic_spiral"};
}

// The restricted three-body problem in rotating coordinates: y = (x, x').
Tensor arenstorf_field(const Tensor&, const Tensor& y) {
  constexpr double m = 0.012277471;
  static const Tensor turn = matrix({{0, 2}, {-2, 0}}), earth = values({-m, 0}), moon = values({1 - m, 0});
  const Tensor x = slice(y, -1, 0, 2), v = slice(y, -1, 2, 4);
  const auto pull = [&](const Tensor& body, double mass) {
    const Tensor to = x - body, inverse = rsqrt(sum(square(to), {-1}, true));
    return to * (mass * (inverse * inverse * inverse));
  };
  return concat({v, x + linear(v, turn) - pull(earth, 1 - m) - pull(moon, m)});
}

OdeProblem arenstorf() {
  const std::vector<double> y0{0.994, 0, 0, -2.00158510637908252240537862224};
  constexpr double period = 17.0652165601579625588917206249;
  return {.name = "arenstorf",
          .title = "a satellite around earth and moon, one period",
          .source = "Arenstorf 1963; Hairer, Norsett & Wanner 1993",
          .note = "a closed orbit that enlarges errors about 1e4 times",
          .term = term_of(arenstorf_field, nullptr),
          .y0 = {values(y0)},
          .times = {0, period},
          .exact = [=](double t) -> std::vector<double> {
            if (t == 0 || t == period) return std::vector<double>(y0);
            return {};
          }};
}

OdeProblem lorenz() {
  return {.name = "lorenz",
          .title = "Lorenz 1963, sigma = 10, rho = 28, beta = 8/3",
          .source = "Lorenz 1963",
          .note = "chaotic: errors double about every 0.8",
          .term = polynomial_term(3, {{0, -10, {0}},
                                      {0, 10, {1}},
                                      {1, 28, {0}},
                                      {1, -1, {0, 2}},
                                      {1, -1, {1}},
                                      {2, 1, {0, 1}},
                                      {2, -8.0 / 3, {2}}}),
          .y0 = {values({1, 1, 1})},
          .times = {0, 1, 10},
          .reference = "lorenz63"};
}

}  // namespace

Problems classic_problems() {
  return {forced_relaxation, prothero_robinson, logistic,  blow_up, rotation, kepler,
          lotka_volterra,    cubic_spiral,      arenstorf, lorenz};
}

}  // namespace dimwise::ode::problems
