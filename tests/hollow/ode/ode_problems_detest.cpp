#include <cmath>
#include <map>

#include "autodiff/context.hpp"
#include "hollow/ode/problems/problems.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/ode/detest_values.hpp"

namespace dimwise::ode_problems_detest_tests {

namespace {

struct Result {
  double error = 0;  // the largest |y − published| / (1 + |published|)
  int64_t evaluations = 0;
};

Result solve(const std::string& name, double rtol, const OdeOptions& options) {
  const NoGrad guard;
  const OdeProblem p = ode_problem("detest-" + name);
  const OdeSolution s = value_or_throw(odeint(p.term, p.y0, p.times, tolerances(p, rtol, options)));
  Result result{.evaluations = s.statistics.evaluations};
  const std::vector<double> y = s.y.back()[0].values(), &published = problems::detest_values().at(name);
  for (size_t i = 0; i < published.size(); ++i)
    result.error = std::max(result.error, std::abs(y[i] - published[i]) / (1 + std::abs(published[i])));
  return result;
}

// All problems of each class together.
std::map<char, Result> solve_classes(double rtol, const OdeOptions& options) {
  std::map<char, Result> classes;
  for (const auto& [name, published] : problems::detest_values()) {
    const Result one = solve(name, rtol, options);
    Result& all = classes[name[0]];
    all.error = std::max(all.error, one.error);
    all.evaluations += one.evaluations;
  }
  return classes;
}

struct Recorded {
  const char *method, *corrector;
  // Evaluations of f for classes A to E at rtol 1e-4, 1e-6 and 1e-8.
  int64_t evaluations[3][5];
  // The largest error at rtol 1e-8. Orbits (D) and populations (B) amplify local errors: for them CVODE's BDF has 5e-5
  // and 1.4e-5, and its Adams 8e-6.
  double error[5];
};

const Recorded recorded[] = {
    {"dopri5",
     "",
     {{484, 1108, 892, 1954, 1120}, {940, 2338, 1198, 4084, 2422}, {2014, 5074, 2086, 8176, 5188}},
     {1e-5, 1e-5, 1e-5, 1e-5, 1e-5}},
    {"tsit5",
     "",
     {{478, 1042, 844, 2086, 1006}, {940, 2218, 1114, 4546, 2308}, {1924, 4792, 1888, 8896, 4906}},
     {1e-5, 1e-5, 1e-5, 1e-5, 1e-5}},
    {"dopri8",
     "",
     {{658, 1402, 1018, 2830, 1306}, {1030, 2038, 1246, 4354, 2098}, {1546, 3322, 1606, 6838, 3286}},
     {1e-5, 1e-5, 1e-5, 1e-5, 1e-5}},
    {"abm",
     "",
     {{519, 1107, 768, 1692, 1040}, {790, 1712, 1107, 2799, 1595}, {1187, 2895, 1674, 4084, 2469}},
     {1e-5, 1e-5, 1e-5, 4e-5, 1e-5}},
    {"adams",
     "automatic",
     {{458, 1110, 505, 1621, 1011}, {794, 1712, 1130, 2924, 1599}, {1084, 2827, 1636, 4833, 2643}},
     {1e-5, 1e-5, 1e-5, 1e-5, 1e-5}},
    {"bdf",
     "newton",
     {{467, 934, 325, 1696, 824}, {857, 1519, 604, 2828, 1514}, {1428, 2878, 1037, 5322, 2954}},
     {1e-5, 4e-5, 1e-5, 2e-4, 1e-5}},
    {"radau5",
     "newton",
     {{1005, 2279, 562, 3951, 2507}, {2655, 6279, 1536, 10941, 6821}, {7795, 19032, 4690, 34085, 21158}},
     {1e-5, 1e-5, 1e-5, 1e-5, 1e-5}}};

}  // namespace

TEST_CASE("The DETEST problems agree with the literature: accurate solves end at the published values") {
  for (const auto& [name, published] : problems::detest_values()) {
    INFO(name);
    CHECK(solve(name, 1e-12, {.method = "dopri8"}).error < 1e-10);
  }
}

TEST_CASE("DETEST A to E: errors decrease with the tolerance, and evaluations do not increase") {
  for (const Recorded& r : recorded) {
    std::map<char, Result> looser;
    for (const int i : {0, 1, 2}) {
      const double rtol = std::pow(10, -4 - 2 * i);
      const auto classes =
          solve_classes(rtol, {.method = r.method, .implicit = {.corrector = *r.corrector ? r.corrector : "newton"}});
      for (const auto& [letter, result] : classes) {
        const auto k = static_cast<size_t>(letter - 'a');
        INFO(r.method << ", class " << letter << ", rtol " << rtol << ": error " << result.error << ", evaluations "
                      << result.evaluations << ", recorded " << r.evaluations[i][k]);
        CHECK(static_cast<double>(result.evaluations) <= 1.25 * static_cast<double>(r.evaluations[i][k]));
        if (i == 2) CHECK(result.error < r.error[k]);
        if (i > 0) CHECK(result.error < looser[letter].error);
      }
      looser = classes;
    }
  }
}

}  // namespace dimwise::ode_problems_detest_tests
