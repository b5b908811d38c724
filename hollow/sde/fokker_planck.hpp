#pragma once

#include "hollow/sde/density.hpp"
#include "hollow/sde/sde.hpp"

namespace dimwise {

/// A scalar function u(x) at n points, with the derivatives that second-order operators with a diagonal need.
struct ScalarDerivatives {
  Tensor value;     ///< u, (n,)
  Tensor gradient;  ///< ∂_i u, (n, d)
  Tensor second;    ///< ∂²_i u, (n, d)
};

/// u and its first two derivatives, of any function from (n, d) to (n,) whose rows are independent: d + 1 reverse
/// passes. Throws ShapeError, as all functions below, for points or values of other shapes.
ScalarDerivatives scalar_derivatives(const std::function<Tensor(const Tensor& x)>& u, const Tensor& x);

/// The right-hand side of the Fokker–Planck (Kolmogorov forward) equation,
///   ∂_t p = Σ_i [−∂_i(f_i p) + ½ ∂²_i(g_i² p)]
///         = Σ_i [−p ∂_i f_i − f_i ∂_i p + ((∂_i g_i)² + g_i ∂²_i g_i) p + 2 g_i (∂_i g_i) ∂_i p + ½ g_i² ∂²_i p],
/// of shape (n,), for a density p, or any other function, given by its derivatives.
///
/// Reads D f, D g and D² g: for HollowNets, one sweep per order whatever the dimension. Chen & Duvenaud (2019), section
/// 6.
///
/// Example: `Tensor dp_dt = fokker_planck(sde, scalar_derivatives(p, x), t, x);`
Tensor fokker_planck(const Sde& sde, const ScalarDerivatives& p, const Tensor& t, const Tensor& x);

/// The same divided by p, which is ∂_t log p, from s = ∇ log p and D s; nothing underflows when p is small.
///
/// Example: `Tensor residual = p.time - fokker_planck_log(sde, p, t, x);`
Tensor fokker_planck_log(const Sde& sde, const DensityDerivatives& p, const Tensor& t, const Tensor& x);

/// How the residual of an equation is reduced to one number to minimize.
struct ResidualOptions {
  enum class Norm : uint8_t { l1, l2 } norm = Norm::l1;
  /// Whether the sides of the equation are ∂_t log p or ∂_t p.
  enum class Space : uint8_t { log_p, p } space = Space::log_p;
};

/// The mean over the points of |r| or of r², for r = ∂_t log p − `fokker_planck_log`, or for p·r, the same of ∂_t p;
/// 0-d.
///
/// Over points drawn from p the mean of |r| is ∫ |∂_t p − L*p| dx: the L1 norm of the equation's residual. Gradients
/// reach the drift, the diffusion and, through its derivatives, the density.
///
/// Example: `Tensor loss = -mean(p.log_prob) + lambda * fokker_planck_residual(sde, p, t, x);`
Tensor fokker_planck_residual(const Sde& sde, const DensityDerivatives& p, const Tensor& t, const Tensor& x,
                              const ResidualOptions& options = {});

/// The generator of the Kolmogorov backward equation −∂_t u = Σ_i [f_i ∂_i u + ½ g_i² ∂²_i u], whose solution is
/// u(t, x) = E[u(T, x_T) | x_t = x]: the right-hand side, of shape (n,).
Tensor kolmogorov_backward(const Sde& sde, const ScalarDerivatives& u, const Tensor& t, const Tensor& x);

/// The log-density of one Euler–Maruyama step, log N(x1; x0 + f Δt, g² Δt) with f and g at (t0, x0), of each component
/// separately: (n, d), for t of shape (n, 1).
///
/// The sum over consecutive observations is the Euler pseudo-likelihood (Florens-Zmirou, 1989): cheap, and biased by
/// the time between observations. A component without noise has no density: g is then replaced by `noiseless`, which
/// weights a least-squares fit of the drift. Throws ShapeError; ValueError unless t1 > t0.
Tensor euler_log_prob(const Sde& sde, const Tensor& t0, const Tensor& x0, const Tensor& t1, const Tensor& x1,
                      double noiseless = 1);

}  // namespace dimwise
