#pragma once

#include <string>
#include <vector>

#include "hollow/ode/problems/problems.hpp"

namespace dimwise::app::ode {

/// The initial value problem of formulas, as `x' = y; y' = mu*(1 - x^2)*y - x`, one equation for each component.
///
/// An equation `0 = …` is algebraic; there are as many of these as components that have no derivative. Formulas have
/// numbers, t, Pi, components, parameters, + − * / ^, parentheses and the functions of `formula_functions()`. GiNaC
/// reads them; they become ops once, so that implicit methods have exact derivatives. The state has the components in
/// the order of their equations, then those without a derivative in the order of `start`. The problem has no times.
///
/// `start` and `parameters` are names with numbers, as `x=2,y=0`. Throws UsageError that names the flag and what cannot
/// be read.
OdeProblem formula_problem(const std::string& field, const std::string& start, const std::string& parameters);

/// The names of the functions.
const std::vector<std::string>& formula_functions();

}  // namespace dimwise::app::ode
