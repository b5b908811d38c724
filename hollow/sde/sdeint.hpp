#pragma once

#include <string>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "hollow/sde/sde.hpp"

namespace dimwise {

struct SdeOptions {
  /// One of `sde_method_names()`: euler_maruyama, milstein, stochastic_heun.
  std::string method = "euler_maruyama";
  /// The longest step: each interval between requested times is cut into 2^L equal steps, L the smallest that serves.
  double dt = 0.01;
  Rng rng = Rng(0);       ///< of the Brownian paths
  int64_t first_row = 0;  ///< place of x0's first row in its batch: a part of a batch draws the paths of its own rows
};

struct SdeStatistics {
  int64_t steps = 0;
  int64_t drift = 0, diffusion = 0;  ///< evaluations of f and of g, together with D g where the method asks for it
};

struct SdeSolution {
  std::vector<double> t;  ///< the requested times
  std::vector<Tensor> x;  ///< (n, d) at each of them, the first of which is x0
  SdeStatistics statistics;
};

/// Paths of dx = f(t, x) dt + g(t, x) dW (Itô) from x0, (n, d), at increasing times, the first of which is x0's.
///
/// - euler_maruyama: x + f h + g ΔW. Strong order ½ (1 where g is constant), weak order 1.
/// - milstein: and ½ g D g (ΔW² − h). Strong order 1 where each g_i reads x_i alone, else ½; weak order 1.
/// - stochastic_heun: the trapezoidal rule on an Euler predictor. That converges to Stratonovich's integral, so
///   ½ g D g is taken off the drift, and the same Itô equation is solved as by the others. Orders as Milstein's.
///
/// Kloeden & Platen (1992), chapters 10, 14 and 15; Rümelin, SIAM J. Numer. Anal. 19 (1982).
///
/// The Brownian path over the interval after times[k] is `BrownianIncrements` of `rng.split(k)`: it depends on seed,
/// row and times alone, so halving dt, or another method, follows the same path. What is tracked (x0, tensors captured
/// by the coefficients) gets its gradient for fixed noise. Throws ShapeError where x0 is not (n, d) or a coefficient
/// not of its shape; ValueError for times, a dt, a method or an x0 that make no sense; SolverError naming time and row
/// where a path leaves the finite numbers.
///
/// Example: `auto s = sdeint(sde, x0, {0, 0.5, 1}, {.dt = 1e-3, .rng = rng.split("noise")}); Tensor x1 = s.x.back();`
SdeSolution sdeint(const Sde& sde, const Tensor& x0, const std::vector<double>& times, const SdeOptions& options = {});

/// The names of all methods.
const std::vector<std::string>& sde_method_names();

}  // namespace dimwise
