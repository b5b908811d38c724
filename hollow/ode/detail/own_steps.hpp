#pragma once

#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// Throws ValueError or ShapeError for what `OdeOptions::own_steps` does not support.
void check_own_steps(const State& y0, const OdeOptions& options);

/// odeint of valid arguments with `OdeOptions::own_steps`.
OdeSolution solve_own_steps(const OdeTerm& term, const State& y0, const std::vector<double>& times,
                            const OdeOptions& options);

}  // namespace dimwise::ode
