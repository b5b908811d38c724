#pragma once

#include "autodiff/transforms.hpp"

namespace dimwise {

struct GmresOptions {
  Function preconditioner = {};  ///< v ↦ P⁻¹ v for a P close to A; empty for the identity
  double rtol = 1e-6;            ///< on the norm of the residual, relative to that of b
  double atol = 0;               ///< on the norm of the residual
  /// The norm is the RMS of r ⊙ weights, which are positive and of the shape of b; undefined for ones.
  Tensor weights = {};
  int64_t restart = 20;  ///< number of basis vectors kept; the iteration then restarts from the current x
  int64_t max_iterations = 100;
};

struct KrylovSolution {
  Tensor x;
  int64_t iterations = 0;  ///< products with A; with P⁻¹ at most one more per restart
  double residual = 0;     ///< norm of b − A x, from the recurrence
  bool converged = false;
};

/// x of A x = b for a linear `product` v ↦ A v, by restarted GMRES with the preconditioner on the right.
///
/// x minimizes the residual's weighted norm over the Krylov space, so that norm never grows. Converged when it is at
/// most max(rtol·‖b‖, atol). The whole tensor is one vector, whatever its axes. The initial guess is x = 0; nothing is
/// recorded. If A is singular, or a value is not finite, the best x so far is returned, not converged. Saad & Schultz,
/// GMRES (1986); modified Gram–Schmidt. Throws ShapeError and DTypeError if product, preconditioner or weights do not
/// fit b, ValueError for invalid options.
///
/// Example: `const auto s = gmres([&](const Tensor& v) { return tape.push({v})[0]; }, b, {.rtol = 1e-10});`
KrylovSolution gmres(const Function& product, const Tensor& b, const GmresOptions& options = {});

}  // namespace dimwise
