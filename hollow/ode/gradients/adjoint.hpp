#pragma once

#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// odeint with the interpolating adjoint. The solve is not recorded, but its dense output is kept. A pull solves
/// a' = −aᵀ ∂f/∂y, a_θ' = −aᵀ ∂f/∂θ backwards along it; θ are the tracked tensors that f captures. With backsolve, no
/// dense output is kept: y is solved backwards together with a, from the solution at each requested time.
///
/// Implicit methods use −D f as the diagonal and −(∂f/∂y)ᵀ as the Jacobian of the adjoint equation. a jumps at every
/// requested time; a_θ is a quadrature outside the error norm. f and what it refers to must live until the last pull. A
/// pull throws SolverError if the backward solve fails, and ValueError if f captures at some t a tracked tensor that it
/// did not capture at times[0]. A second derivative, push and jet throw ValueError.
/// The counts of pulls are added to `backward`.
OdeSolution solve_adjoint(const OdeTerm& term, const State& y0, const std::vector<double>& times,
                          const OdeOptions& options, const OdeStatistics& before,
                          std::shared_ptr<OdeStatistics> backward);

}  // namespace dimwise::ode
