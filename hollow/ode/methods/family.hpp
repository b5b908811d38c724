#pragma once

#include "hollow/ode/methods/stepper.hpp"

namespace dimwise::ode {

/// Methods that share an implementation, with their names and properties. A new family is one file that defines it, and
/// an entry in the list of stepper.cpp.
struct Family {
  std::vector<std::string> names;
  std::function<bool(const std::string&method)> adaptive, implicit;
  bool multistep = false;
  std::function<bool(const std::string& method)> imex = [](const std::string&) { return false; };
  std::function<bool(const std::string& method)> mass = [](const std::string&) { return false; };
  std::function<std::unique_ptr<Stepper>(const std::shared_ptr<System>& system, double t, const State& y,
                                         State derivative)>
      make;
};

/// Whether the method of that name uses more than one previous step.
bool is_multistep(const std::string& method);

const Family& explicit_runge_kutta();
const Family& multistep();
const Family& diagonally_implicit();
const Family& radau();
const Family& switching();

}  // namespace dimwise::ode
