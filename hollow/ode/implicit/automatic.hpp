#pragma once

#include "hollow/ode/detail/system.hpp"

namespace dimwise::ode {

// What the corrector `automatic` decides by.

/// The corrector by the whole Jacobian of n unknowns: newton, or newton_krylov for many.
std::string whole_jacobian(int64_t n);

/// What the diagonal D leaves uncorrected: the spectral radius of γ (1 − γ D)⁻¹ (∂f/∂y − D), by the power method from
/// `start`, in the norm of `weights`. `scale` is γ (1 − γ D)⁻¹. Cost: five products with ∂f/∂y.
double neglected(const System& system, const std::function<Tensor(const Tensor&)>& product, const Tensor& diagonal,
                 const Tensor& scale, const Tensor& start, const Tensor& weights);

/// Whether that is little enough for jacobi_newton: the more unknowns, the dearer the whole Jacobian.
bool diagonal_serves(double neglected, int64_t n);

/// A relative change of γ beyond which what was found with another one is looked at anew.
inline constexpr double gamma_change = 0.3;

}  // namespace dimwise::ode
