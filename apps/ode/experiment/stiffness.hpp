#pragma once

#include "apps/ode/experiment/task.hpp"

namespace dimwise::app::ode {

/// The stiffness of the dynamics along a solution, and how much of it the diagonal of the Jacobian captures.
struct Stiffness {
  /// The largest spectral radius ρ(J) of J = ∂f/∂x, per unit of time. Functional iteration of y = δ + γ f(y) contracts
  /// only while γ ρ(J) < 1.
  double rate = 0;
  /// The fastest decay, −min Re λ(J) in the direction of the solve: what makes a problem stiff. Growth, which is
  /// expensive for every method, makes ρ(J) large, too.
  double decay = 0;
  /// ρ(γ (1 − γ D)⁻¹ (J − D)) where ρ(J) is largest, at |γ| = 10 / ρ(J) in the direction of the solve, with D the
  /// diagonal of J: below 1, Jacobi–Newton contracts where functional iteration grows tenfold each time.
  double contraction = 0;
};

/// Over the first rows of the batch, at the start and at eight times along the solution, which is solved again with
/// `options`. Throws SolverError.
Stiffness stiffness(const Iteration& iteration, OdeOptions options, int64_t rows = 32);

}  // namespace dimwise::app::ode
