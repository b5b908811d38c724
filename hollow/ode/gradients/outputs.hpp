#pragma once

#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// States of a solution with their times, in the order of the solve.
struct Outputs {
  std::vector<double> t;
  std::vector<State*> y;
};
/// The outputs from index `first`, and the states of the events from index `first_event`.
Outputs outputs_in_order(OdeSolution& solution, size_t first, size_t first_event);

}  // namespace dimwise::ode
