#include <cstdlib>

#include "hollow/ode/problems/detail/problem_families.hpp"
#include "hollow/ode/problems/detail/terms.hpp"
#include "ops/matmul.hpp"

namespace dimwise::ode::problems {

namespace {

// y1' = y2, y2' = a (1 − y1²) y2 − b y1.
OdeTerm oscillator(double a, double b) {
  return polynomial_term(2, {{0, 1, {1}}, {1, a, {1}}, {1, -a, {0, 0, 1}}, {1, -b, {0}}});
}

OdeProblem van_der_pol() {
  return {.name = "van-der-pol",
          .title = "y1' = y2, y2' = ((1 - y1^2) y2 - y1) / 1e-6",
          .source = "Hairer & Wanner 1996 (VDPOL)",
          .note = "relaxation oscillations: slow arcs joined by layers of width 1e-6",
          .term = oscillator(1e6, 1e6),
          .y0 = {values({2, 0})},
          .times = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
          .stiff = true,
          .reference = "vdp_eps1e-6"};
}

OdeProblem van_der_pol_mu() {
  return {.name = "van-der-pol-mu",
          .title = "y1' = y2, y2' = 1000 (1 - y1^2) y2 - y1",
          .source = "Test Set for IVP Solvers (vdpolm)",
          .note = "the same oscillator in long time: one jump before t = 2000",
          .term = oscillator(1e3, 1),
          .y0 = {values({2, 0})},
          .times = {0, 2000},
          .atol_per_rtol = {1e-2},
          .stiff = true,
          .reference = "vdp_mu1000"};
}

OdeProblem robertson() {
  constexpr double k1 = 0.04, k2 = 3e7, k3 = 1e4;
  OdeProblem p{
      .name = "robertson",
      .title = "three reactions with rates 0.04, 3e7 and 1e4, to t = 1e11",
      .source = "Robertson 1966; Hairer & Wanner 1996 (ROBER)",
      .note = "y1 + y2 + y3 = 1 is kept; a y2 below 0 from a loose atol lets it blow up",
      .term = polynomial_term(
          3, {{0, -k1, {0}}, {0, k3, {1, 2}}, {1, k1, {0}}, {1, -k2, {1, 1}}, {1, -k3, {1, 2}}, {2, k2, {1, 1}}}),
      .y0 = {values({1, 0, 0})},
      .times = {0, 0.4, 1, 4, 10, 40, 100},
      .atol_per_rtol = {1e-6},
      .stiff = true,
      .log_time = true,
      .reference = "robertson"};
  for (double t = 1e3; t <= 1e11; t *= 10) p.times.push_back(t);
  return p;
}

OdeProblem oregonator() {
  constexpr double s = 77.27, q = 8.375e-6, w = 0.161;
  OdeProblem p{.name = "oregonator",
               .title = "Belousov-Zhabotinskii reaction, s = 77.27, q = 8.375e-6, w = 0.161",
               .source = "Field & Noyes 1974; Hairer & Wanner 1996 (OREGO)",
               .note = "oscillations over five orders of magnitude",
               .term = polynomial_term(3, {{0, s, {1}},
                                           {0, s, {0}},
                                           {0, -s * q, {0, 0}},
                                           {0, -s, {0, 1}},
                                           {1, 1 / s, {2}},
                                           {1, -1 / s, {1}},
                                           {1, -1 / s, {0, 1}},
                                           {2, w, {0}},
                                           {2, -w, {2}}}),
               .y0 = {values({1, 2, 3})},
               .times = {0},
               .atol_per_rtol = {1e-6},
               .stiff = true,
               .reference = "orego"};
  for (int i = 1; i <= 12; ++i) p.times.push_back(30 * i);
  return p;
}

OdeProblem hires() {
  return {.name = "hires",
          .title = "high irradiance responses of photomorphogenesis",
          .source = "Schaefer 1975; Hairer & Wanner 1996 (HIRES)",
          .note = "y7 + y8 = 0.0057 is kept",
          .term = polynomial_term(
              8, {{0, -1.71, {0}},   {0, 0.43, {1}},   {0, 8.32, {2}},    {0, 0.0007},     {1, 1.71, {0}},
                  {1, -8.75, {1}},   {2, -10.03, {2}}, {2, 0.43, {3}},    {2, 0.035, {4}}, {3, 8.32, {1}},
                  {3, 1.71, {2}},    {3, -1.12, {3}},  {4, -1.745, {4}},  {4, 0.43, {5}},  {4, 0.43, {6}},
                  {5, -280, {5, 7}}, {5, 0.69, {3}},   {5, 1.71, {4}},    {5, -0.43, {5}}, {5, 0.69, {6}},
                  {6, 280, {5, 7}},  {6, -1.81, {6}},  {7, -280, {5, 7}}, {7, 1.81, {6}}}),
          .y0 = {values({1, 0, 0, 0, 0, 0, 0, 0.0057})},
          .times = {0, 321.8122, 421.8122},
          .atol_per_rtol = {1e-4},
          .stiff = true,
          .reference = "hires"};
}

OdeProblem stiff_e5() {
  constexpr double A = 7.89e-10, B = 1.1e7, C = 1.13e3, M = 1e6;
  const std::vector<Monomial> known = {{0, -A, {0}},        {0, -B, {0, 2}}, {1, A, {0}},
                                       {1, -M * C, {1, 2}}, {3, B, {0, 2}},  {3, -C, {3}}};
  std::vector<Monomial> expanded = known;  // y3' = y2' − y4' written out: right for derivatives, cancels in values
  for (const Monomial& m : known)
    if (m.into != 0) expanded.push_back({2, m.into == 1 ? m.coefficient : -m.coefficient, m.of});
  const OdeTerm derivatives = polynomial_term(4, expanded);
  const Polynomial f(4, 4, known);
  const Tensor completion = matrix({{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 1, 0, -1}, {0, 0, 0, 1}});
  return {.name = "e5",
          .title = "pyrolysis: four species, rates 7.89e-10 to 1.1e7, to t = 1e13",
          .source = "Enright & Hull 1976; Hairer & Wanner 1996 (E5)",
          .note = "components from 1e-3 down to 1e-26; y2 - y3 - y4 = 0 is kept",
          .term = term_of([=](const Tensor&, const Tensor& y) { return linear(f(y), completion); },
                          [=](const Tensor& t, const Tensor& y) { return derivatives.with_diagonal(t, {y}).d[0]; },
                          [=](const Tensor& t, const Tensor& y) { return derivatives.jacobian(t, {y}); }),
          .y0 = {values({1.76e-3, 0, 0, 0})},
          .times = {0, 10, 1e3, 1e5, 1e7, 1e9, 1e11, 1e13},
          .atol_per_rtol = {1.7e-18},
          .stiff = true,
          .log_time = true};
}

// 25 reactions of 20 species; counted from 1, as in the literature.
OdeProblem pollution() {
  struct Rate {
    double k;
    std::vector<int64_t> of;
  };
  const std::vector<Rate> rates = {
      {0.35, {1}},     {26.6, {2, 4}},   {1.23e4, {5, 2}}, {8.6e-4, {7}},     {8.2e-4, {7}},
      {1.5e4, {7, 6}}, {1.3e-4, {9}},    {2.4e4, {9, 6}},  {1.65e4, {11, 2}}, {9e3, {11, 1}},
      {0.022, {13}},   {1.2e4, {10, 2}}, {1.88, {14}},     {1.63e4, {1, 6}},  {4.8e6, {3}},
      {3.5e-4, {4}},   {0.0175, {4}},    {1e8, {16}},      {4.44e11, {16}},   {1240, {17, 6}},
      {2.1, {19}},     {5.78, {19}},     {0.0474, {1, 4}}, {1780, {19, 1}},   {3.12, {20}}};
  // Of each species: the reactions that make it, and with a minus those that use it up.
  const std::vector<std::vector<int>> species = {{-1, -10, -14, -23, -24, 2, 3, 9, 11, 12, 22, 25},
                                                 {-2, -3, -9, -12, 1, 21},
                                                 {-15, 1, 17, 19, 22},
                                                 {-2, -16, -17, -23, 15},
                                                 {-3, 4, 4, 6, 7, 13, 20},
                                                 {-6, -8, -14, -20, 3, 18, 18},
                                                 {-4, -5, -6, 13},
                                                 {4, 5, 6, 7},
                                                 {-7, -8},
                                                 {-12, 7, 9},
                                                 {-9, -10, 8, 11},
                                                 {9},
                                                 {-11, 10},
                                                 {-13, 12},
                                                 {14},
                                                 {-18, -19, 16},
                                                 {-20},
                                                 {20},
                                                 {-21, -22, -24, 23, 25},
                                                 {-25, 24}};
  std::vector<Monomial> monomials;
  for (size_t i = 0; i < species.size(); ++i)
    for (const int reaction : species[i]) {
      const Rate& rate = rates[static_cast<size_t>(std::abs(reaction)) - 1];
      Monomial m{static_cast<int64_t>(i), reaction < 0 ? -rate.k : rate.k, rate.of};
      for (int64_t& index : m.of) --index;
      monomials.push_back(std::move(m));
    }
  return {.name = "pollution",
          .title = "air pollution: 25 reactions of 20 species",
          .source = "Verwer 1994; Test Set for IVP Solvers (pollu)",
          .term = polynomial_term(20, monomials),
          .y0 = {values({0, 0.2, 0, 0.04, 0, 0, 0.1, 0.3, 0.01, 0, 0, 0, 0, 0, 0, 0, 0.007, 0, 0, 0})},
          .times = {0, 60},
          .atol_per_rtol = {1e-6},
          .stiff = true};
}

}  // namespace

Problems stiff_problems() { return {van_der_pol, van_der_pol_mu, robertson, oregonator, hires, stiff_e5, pollution}; }

}  // namespace dimwise::ode::problems
