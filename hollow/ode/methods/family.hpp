#pragma once

#include "hollow/ode/methods/stepper.hpp"

namespace dimwise::ode {

/// Methods that share their code, and what tells them apart from outside. A new family is one file that defines one,
/// and a place in the list of method.cpp.
struct Family {
  std::vector<std::string> names;
  std::function<bool(const std::string&method)> adaptive, implicit;
  bool multistep = false;
  std::function<std::unique_ptr<Stepper>(const std::shared_ptr<System>& system, double t, const State& y,
                                         State derivative)>
      make;
};

/// Whether a method of that name looks back on more than one step.
bool is_multistep(const std::string& method);

const Family& explicit_runge_kutta();
const Family& multistep();
const Family& diagonally_implicit();
const Family& radau();

}  // namespace dimwise::ode
