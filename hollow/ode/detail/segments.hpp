#pragma once

#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// odeint of valid arguments: solves from one action or jump of f to the next, with the gradient that the options name.
OdeSolution solve_in_segments(const OdeTerm& term, const State& y0, const std::vector<double>& times,
                              const OdeOptions& options);

}  // namespace dimwise::ode
