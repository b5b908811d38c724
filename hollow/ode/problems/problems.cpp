#include "hollow/ode/problems/problems.hpp"

#include "autodiff/base/error.hpp"
#include "hollow/ode/problems/detail/problem_families.hpp"

namespace dimwise {

namespace {

struct Named {
  std::vector<std::string> names;
  ode::problems::Problems makers;
};

const Named& all() {
  static const Named list = [] {
    Named result;
    for (const auto& family :
         {ode::problems::classic_problems, ode::problems::stiff_problems, ode::problems::large_problems,
          ode::problems::split_problems, ode::problems::detest_problems})
      for (const auto& make : family()) {
        result.makers.push_back(make);
        result.names.push_back(make().name);
      }
    return result;
  }();
  return list;
}

}  // namespace

const std::vector<std::string>& ode_problem_names() { return all().names; }

OdeProblem ode_problem(const std::string& name) {
  std::string list;
  for (size_t i = 0; i < all().names.size(); ++i) {
    if (all().names[i] == name) return all().makers[i]();
    list += (i == 0 ? "" : ", ") + all().names[i];
  }
  fail<ValueError>("ode_problem", "there is no problem \"", name, "\". The names are ", list, ".");
}

OdeOptions tolerances(const OdeProblem& problem, double rtol, OdeOptions options) {
  std::vector<double> atol = problem.atol_per_rtol;
  for (double& a : atol) a *= rtol;
  options.rtol = rtol;
  options.atol = atol[0];
  if (atol.size() > 1) options.atols = {tensor(atol, DType::float64)};
  return options;
}

}  // namespace dimwise
