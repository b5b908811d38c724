#pragma once

#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// odeint with the interpolating adjoint: the solve is not recorded, its dense output is kept, and a pull solves
/// a' = −aᵀ ∂f/∂y, a_θ' = −aᵀ ∂f/∂θ backwards along it, θ being the tracked tensors that f captures. With backsolve, no
/// output is kept, and y is solved backwards beside a, from the solution at each requested time.
///
/// Implicit methods take −D f as the diagonal, −(∂f/∂y)ᵀ as the Jacobian of the adjoint. a jumps at every requested
/// time; a_θ is a quadrature outside the error norm. f and what it refers to must live until the last pull. A pull
/// throws SolverError where the backward solve fails, ValueError where f captures at some t a tracked tensor that it
/// did not capture at times[0]; a second derivative, push and jet throw ValueError.
OdeSolution solve_adjoint(const OdeTerm& term, const State& y0, const std::vector<double>& times,
                          const OdeOptions& options);

}  // namespace dimwise::ode
