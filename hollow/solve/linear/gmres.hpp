#pragma once

#include "autodiff/transforms.hpp"

namespace dimwise {

struct GmresOptions {
  Function preconditioner = {};  ///< v ↦ P⁻¹ v for a P close to A; none for the identity
  double rtol = 1e-6;            ///< on the norm of the residual, relative to that of b
  double atol = 0;               ///< on the norm of the residual
  /// The norm is the RMS of r ⊙ weights, which are positive and of the shape of b; undefined for ones.
  Tensor weights = {};
  int64_t restart = 20;  ///< vectors kept; then the iteration starts anew from what it has
  int64_t max_iterations = 100;
};

struct KrylovSolution {
  Tensor x;
  int64_t iterations = 0;  ///< products with A, and with P⁻¹ not more than one more a restart
  double residual = 0;     ///< norm of b − A x, as the recurrence has it
  bool converged = false;
};

/// x of A x = b for a linear `product` v ↦ A v, by restarted GMRES with the preconditioner on the right.
///
/// Of all x in the space of the vectors met, the one with the smallest residual, in the weighted norm: it never grows.
/// Converged when that is at most max(rtol·‖b‖, atol). The whole tensor is one vector, whatever its axes. Starts from
/// x = 0; nothing is recorded. With a singular A, or numbers that are not finite, it ends unconverged with what it has.
/// Saad & Schultz, GMRES (1986); modified Gram–Schmidt. Throws ShapeError and DTypeError where product, preconditioner
/// or weights do not fit b, ValueError for options that make no sense.
///
/// Example: `const auto s = gmres([&](const Tensor& v) { return tape.push({v})[0]; }, b, {.rtol = 1e-10});`
KrylovSolution gmres(const Function& product, const Tensor& b, const GmresOptions& options = {});

}  // namespace dimwise
