#include <cmath>

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

// Hull, Enright, Fellen & Sedgwick (1972), Comparing numerical methods for ordinary differential equations.
OdeProblem detest(const std::string& name, const std::string& title, OdeTerm term, const std::vector<double>& y0,
                  std::function<std::vector<double>(double)> exact = nullptr) {
  return {.name = "detest-" + name,
          .title = title,
          .source = "Hull, Enright, Fellen & Sedgwick 1972, problem " + name,
          .term = std::move(term),
          .y0 = {values(y0)},
          .times = {0, 20},
          .exact = std::move(exact)};
}

Tensor part(const Tensor& y, int64_t i) { return slice(y, -1, i, i + 1); }
Tensor cube(const Tensor& x) { return x * x * x; }

// A: single equations.

OdeProblem a1() {
  return detest("a1", "y' = -y", polynomial_term(1, {{0, -1, {0}}}), {1},
                [](double t) -> std::vector<double> { return {std::exp(-t)}; });
}

OdeProblem a2() {
  return detest("a2", "y' = -y^3 / 2", polynomial_term(1, {{0, -0.5, {0, 0, 0}}}), {1},
                [](double t) -> std::vector<double> { return {1 / std::sqrt(1 + t)}; });
}

OdeProblem a3() {
  return detest("a3", "y' = y cos t",
                term_of([](const Tensor& t, const Tensor& y) { return y * cos(t); },
                        [](const Tensor& t, const Tensor& y) { return broadcast_to(cos(t), y.shape()); }),
                {1}, [](double t) -> std::vector<double> { return {std::exp(std::sin(t))}; });
}

OdeProblem a4() {
  return detest("a4", "y' = y / 4 (1 - y / 20)", polynomial_term(1, {{0, 0.25, {0}}, {0, -1.0 / 80, {0, 0}}}), {1},
                [](double t) -> std::vector<double> { return {20 / (1 + 19 * std::exp(-t / 4))}; });
}

OdeProblem a5() {
  return detest("a5", "y' = (y - t) / (y + t)",
                term_of([](const Tensor& t, const Tensor& y) { return (y - t) / (y + t); },
                        [](const Tensor& t, const Tensor& y) { return 2 * t / square(y + t); }),
                {4});
}

// B: small systems.

OdeProblem b1() {
  return detest("b1", "conflicting populations: y1' = 2 y1 (1 - y2), y2' = -y2 (1 - y1)",
                polynomial_term(2, {{0, 2, {0}}, {0, -2, {0, 1}}, {1, -1, {1}}, {1, 1, {0, 1}}}), {1, 3});
}

OdeProblem b2() {
  return detest("b2", "a linear chemical reaction",
                polynomial_term(3, linear_monomials({{-1, 1, 0}, {1, -2, 1}, {0, 1, -1}})), {2, 0, 1},
                [](double t) -> std::vector<double> {
                  const double slow = std::exp(-t) / 2, fast = std::exp(-3 * t) / 2;
                  return {1 + slow + fast, 1 - 2 * fast, 1 - slow + fast};
                });
}

OdeProblem b3() {
  return detest("b3", "a nonlinear chemical reaction: y1' = -y1, y2' = y1 - y2^2, y3' = y2^2",
                polynomial_term(3, {{0, -1, {0}}, {1, 1, {0}}, {1, -1, {1, 1}}, {2, 1, {1, 1}}}), {1, 0, 0});
}

OdeProblem b4() {
  static const Tensor turn = matrix({{0, -1}, {1, 0}});
  return detest("b4", "the integral surface of a torus",
                term_of(
                    [](const Tensor&, const Tensor& y) {
                      const Tensor xy = slice(y, -1, 0, 2), inverse = rsqrt(sum(square(xy), {-1}, true));
                      return concat({linear(xy, turn) - xy * (part(y, 2) * inverse), part(y, 0) * inverse});
                    },
                    [](const Tensor&, const Tensor& y) {
                      const Tensor xy = slice(y, -1, 0, 2), inverse = rsqrt(sum(square(xy), {-1}, true));
                      const Tensor pull = part(y, 2) * cube(inverse);
                      return pad(-(square(flip(xy, -1)) * pull), -1, 0, 1);
                    }),
                {3, 0, 0});
}

OdeProblem b5() {
  return detest("b5", "a rigid body without forces: y1' = y2 y3, y2' = -y1 y3, y3' = -0.51 y1 y2",
                polynomial_term(3, {{0, 1, {1, 2}}, {1, -1, {0, 2}}, {2, -0.51, {0, 1}}}), {0, 1, 1});
}

// C: moderate systems.

std::vector<double> first_unit(size_t d) {
  std::vector<double> y(d);
  y[0] = 1;
  return y;
}

// y_i' = (inflow from i − 1) − (outflow), the last keeping all.
OdeTerm chain(int64_t d, const std::function<double(int64_t)>& rate) {
  std::vector<Monomial> monomials;
  for (int64_t i = 0; i + 1 < d; ++i) {
    monomials.push_back({i, -rate(i), {i}});
    monomials.push_back({i + 1, rate(i), {i}});
  }
  return polynomial_term(d, monomials);
}

OdeTerm heat(int64_t d) {
  std::vector<Monomial> monomials;
  for (int64_t i = 0; i < d; ++i) {
    monomials.push_back({i, -2, {i}});
    if (i > 0) monomials.push_back({i, 1, {i - 1}});
    if (i + 1 < d) monomials.push_back({i, 1, {i + 1}});
  }
  return polynomial_term(d, monomials);
}

OdeProblem c1() {
  return detest("c1", "radioactive decay chain of 10, equal rates", chain(10, [](int64_t) { return 1.0; }),
                first_unit(10));
}

OdeProblem c2() {
  return detest("c2", "radioactive decay chain of 10, rates 1 to 9",
                chain(10, [](int64_t i) { return static_cast<double>(i + 1); }), first_unit(10));
}

OdeProblem c3() { return detest("c3", "the heat equation on 10 points", heat(10), first_unit(10)); }
OdeProblem c4() { return detest("c4", "the heat equation on 51 points", heat(51), first_unit(51)); }

// The sun and its five outer planets, in years and astronomical units: y = (positions, velocities).
Tensor planets(const Tensor&, const Tensor& y) {
  constexpr double gravity = 2.95912208286, sun = 1.00000597682;
  static const Tensor masses =
      values({0.000954786104043, 0.000285583733151, 0.0000437273164546, 0.0000517759138449, 0.00000277777777778});
  static const Tensor masses_down = unsqueeze(masses, -1), one = eye(5, DType::float64);
  Shape bodies = y.shape().with_last(5);
  bodies.push_back(3);
  const Tensor p = reshape(slice(y, -1, 0, 15), bodies);
  const Tensor from_sun = p * cube(rsqrt(sum(square(p), {-1}, true)));
  const Tensor apart = unsqueeze(p, -3) - unsqueeze(p, -2);  // [j, k]: from j to k
  const Tensor nearness = cube(rsqrt(sum(square(apart), {-1}) + one)) - one;
  const Tensor weight = nearness * masses;
  const Tensor planets = matmul(weight, p) - sum(weight, {-1}, true) * p;
  const Tensor shift = sum(from_sun * masses_down, {-2}, true);
  const Tensor pull = gravity * (planets - shift - sun * from_sun);
  return concat({slice(y, -1, 15, 30), reshape(pull, y.shape().with_last(15))});
}

OdeProblem c5() {
  return detest(
      "c5", "the motion of five outer planets about the sun", term_of(planets, nullptr),
      {3.42947415189,    3.35386959711,   1.35494901715,   6.64145542550,   5.97156957878,   2.18231499728,
       11.2630437207,    14.6952576794,   6.27960525067,   -30.1552268759,  1.65699966404,   1.43785752721,
       -21.1238353380,   28.4465098142,   15.3882659679,   -0.557160570446, 0.505696783289,  0.230578543901,
       -0.415570776342,  0.365682722812,  0.169143213293,  -0.325325669158, 0.189706021964,  0.0877265322780,
       -0.0240476254170, -0.287659532608, -0.117219543175, -0.176860753121, -0.216393453025, -0.0148647893090});
}

// D: orbits, from nearly round to eccentricity 0.9.

OdeProblem d(int i) {
  const double e = 0.2 * i - 0.1;
  return detest("d" + std::to_string(i), "two bodies, eccentricity 0." + std::to_string(2 * i - 1), orbit_term(),
                orbit(e), [e](double t) { return orbit(e, t); });
}

OdeProblem d1() { return d(1); }
OdeProblem d2() { return d(2); }
OdeProblem d3() { return d(3); }
OdeProblem d4() { return d(4); }
OdeProblem d5() { return d(5); }

// E: equations of higher order, as systems.

OdeProblem e1() {
  const double root = std::sqrt(2 / 3.14159265358979323846);  // J_1/2(x) = √(2/(π x)) sin x, x = t + 1
  return detest("e1", "Bessel's equation of order 1/2",
                term_of(
                    [](const Tensor& t, const Tensor& y) {
                      const Tensor s = 1 / (t + 1), a = part(y, 0), b = part(y, 1);
                      return concat({b, -(s * b) - (1 - 0.25 * square(s)) * a});
                    },
                    [](const Tensor& t, const Tensor& y) {
                      return broadcast_to(values({0, -1}) / (t + 1), y.shape());
                    }),
                {root * std::sin(1), root * (std::cos(1) - std::sin(1) / 2)}, [root](double t) -> std::vector<double> {
                  const double x = t + 1, scale = root / std::sqrt(x);
                  return {scale * std::sin(x), scale * (std::cos(x) - std::sin(x) / (2 * x))};
                });
}

OdeProblem e2() {
  return detest("e2", "van der Pol's equation, mu = 1",
                polynomial_term(2, {{0, 1, {1}}, {1, 1, {1}}, {1, -1, {0, 0, 1}}, {1, -1, {0}}}), {2, 0});
}

OdeProblem e3() {
  const OdeTerm free = polynomial_term(2, {{0, 1, {1}}, {1, 1.0 / 6, {0, 0, 0}}, {1, -1, {0}}});
  const Tensor push = values({0, 2});
  return detest(
      "e3", "Duffing's equation: y'' = y^3 / 6 - y + 2 sin(2.78535 t)",
      term_of([=](const Tensor& t, const Tensor& y) { return free.f(t, {y})[0] + push * sin(2.78535 * t); }, nullptr),
      {0, 0});
}

OdeProblem e4() {
  return detest("e4", "a falling body: y'' = 0.032 - 0.4 y'^2",
                polynomial_term(2, {{0, 1, {1}}, {1, 0.032}, {1, -0.4, {1, 1}}}), {30, 0});
}

OdeProblem e5() {
  return detest("e5", "linear pursuit: y'' = sqrt(1 + y'^2) / (25 - t)",
                term_of(
                    [](const Tensor& t, const Tensor& y) {
                      const Tensor b = part(y, 1);
                      return concat({b, sqrt(1 + square(b)) / (25 - t)});
                    },
                    [](const Tensor& t, const Tensor& y) {
                      const Tensor b = part(y, 1);
                      return pad(b * rsqrt(1 + square(b)) / (25 - t), -1, 1, 0);
                    }),
                {0, 0}, [](double t) -> std::vector<double> {
                  // y' = sinh(ln(25 / (25 − t))).
                  const double r = 25 - t;
                  return {(625 * std::log(25 / r) - (625 - r * r) / 2) / 50, (25 / r - r / 25) / 2};
                });
}

}  // namespace

Problems detest_problems() {
  return {a1, a2, a3, a4, a5, b1, b2, b3, b4, b5, c1, c2, c3, c4, c5, d1, d2, d3, d4, d5, e1, e2, e3, e4, e5};
}

}  // namespace dimwise::ode::problems
