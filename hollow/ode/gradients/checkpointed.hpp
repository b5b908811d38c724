#pragma once

#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// odeint whose gradient passes through the steps, with the record of only one segment of steps in memory at a time.
///
/// Segments have 1, 2, 3, … steps, so that N steps make √(2N) segments of at most √(2N) steps, although N is not known
/// beforehand. Only the stepper's state is kept between them; a pull computes each segment again. (Griewank, 1992,
/// needs less if the number of steps is known.) The gradient is that of the direct method.
OdeSolution solve_checkpointed(const OdeTerm& term, const State& y0, const std::vector<double>& times,
                               const OdeOptions& options, const OdeStatistics& before = {});

}  // namespace dimwise::ode
