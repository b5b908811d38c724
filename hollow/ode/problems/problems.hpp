#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hollow/ode/odeint.hpp"

namespace dimwise {

/// An initial value problem of the literature, float64, its state one tensor (d).
///
/// Its term, or of a split term the stiff part, has its diagonal in closed form, and works on any batch of states
/// (…, d).
struct OdeProblem {
  std::string name;
  std::string title;
  std::string source;
  std::string note = {};  ///< what a solver meets in it
  OdeTerm term;
  State y0;
  std::vector<std::string> components = {};  ///< their names; empty for y1, y2 …
  std::vector<double> times;                 ///< the start, and the output times up to the end
  std::vector<double> atol_per_rtol = {
      1};  ///< atol / rtol, as is usual for the problem: one number, or one a component
  bool stiff = false;
  bool log_time = false;       ///< whether its scales of time differ so much that times are drawn logarithmically
  std::string reference = {};  ///< its name in the file of reference solutions; empty where there are none
  std::function<std::vector<double>(double t)> exact = nullptr;  ///< y(t) in closed form
};

/// The names of all problems, family by family: closed forms and classics, stiff ones, large ones, split ones, DETEST.
const std::vector<std::string>& ode_problem_names();

/// The problem of a name. Throws ValueError listing the names.
///
/// Example: `OdeProblem p = ode_problem("robertson"); auto s = odeint(p.term, p.y0, p.times, tolerances(p, 1e-6));`
OdeProblem ode_problem(const std::string& name);

/// `options` with rtol and the problem's absolute tolerances that belong to it.
OdeOptions tolerances(const OdeProblem& problem, double rtol, OdeOptions options = {});

}  // namespace dimwise
