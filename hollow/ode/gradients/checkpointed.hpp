#pragma once

#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// odeint whose gradient passes the steps, with what was computed inside them kept for one stretch of steps at a time.
///
/// Stretches have 1, 2, 3, … steps, so that N steps make √(2N) stretches of at most √(2N) steps, though N is not known
/// beforehand. Between them only what the method remembers is kept; a pull takes each stretch once more (Griewank,
/// 1992, for a given number of steps, does better). The gradient is that of the direct method.
OdeSolution solve_checkpointed(const OdeTerm& term, const State& y0, const std::vector<double>& times,
                               const OdeOptions& options);

}  // namespace dimwise::ode
