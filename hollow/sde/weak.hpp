#pragma once

#include "autodiff/base/rng.hpp"
#include "hollow/sde/density.hpp"
#include "hollow/sde/sde.hpp"

namespace dimwise {

/// Random test functions φ_k(x) = cos(w_k·x + b_k) / (1 + ½‖w_k‖²), used to test whether a density solves an equation.
///
/// w_k ~ N(0, 1/length²) in at most two components of x, all others 0, so that φ_k does not oscillate faster in more
/// dimensions; b_k is uniform on a circle. The divisor keeps the generator of fast ones as small as that of slow ones.
struct TestFunctions {
  Tensor w;       ///< (K, d)
  Tensor b;       ///< (K,)
  Tensor weight;  ///< (K,): 1 / (1 + ½‖w‖²)

  TestFunctions(int64_t k, int64_t d, double length, const Rng& rng, DType dtype = DType::float32);
};

/// φ_k ∂_t log p − L φ_k at each point, (n, K), with the generator L φ = Σ_i [f_i ∂_i φ + ½ g_i² ∂²_i φ].
///
/// Its mean over x ~ p(t, ·) is ∂_t E φ_k − E L φ_k, which is 0 for all t and φ if and only if p solves the
/// Fokker–Planck equation of f and g: the equation in its weak form, ∫ φ (∂_t p − L*p) dx = 0 with all derivatives of p
/// moved to φ. Throws ShapeError unless rate is (n,), x (n, d) and t (n, 1) or 0-d.
///
/// Example: `Tensor r = mean(weak_residuals(sde, p.time, t, x, functions), {0});`
Tensor weak_residuals(const Sde& sde, const Tensor& rate, const Tensor& t, const Tensor& x,
                      const TestFunctions& functions);

/// An unbiased estimate of the mean of r², r = E[weak_residuals], over test functions and laws; 0-d.
///
/// The rows are `laws` runs of equal length, each drawn from one law p(t_j, · | c_j). r² is the product of the means of
/// a run's two halves, so that sampling noise does not bias it, and does not pull g to 0 as it would in a square.
/// Gradients reach the density if `p` is tracked, including through the weights of the points. Throws ShapeError unless
/// runs have even length.
Tensor weak_residual(const Sde& sde, const DensityDerivatives& p, const Tensor& t, const Tensor& x, int64_t laws,
                     const TestFunctions& functions);

}  // namespace dimwise
