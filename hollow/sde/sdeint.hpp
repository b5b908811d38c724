#pragma once

#include <string>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "hollow/sde/sde.hpp"

namespace dimwise {

struct SdeOptions {
  /// One of `sde_method_names()`: euler_maruyama, milstein, stochastic_heun.
  std::string method = "euler_maruyama";
  /// The longest step: each interval between requested times is divided into 2^L equal steps, with the smallest L that
  /// suffices.
  double dt = 0.01;
  Rng rng = Rng(0);       ///< of the Brownian paths
  int64_t first_row = 0;  ///< index of x0's first row in its batch, so that a part draws the same paths as the whole
};

struct SdeStatistics {
  int64_t steps = 0;
  int64_t drift = 0, diffusion = 0;  ///< evaluations of f and of g, with D g if the method needs it
};

struct SdeSolution {
  std::vector<double> t;  ///< the requested times
  std::vector<Tensor> x;  ///< (n, d) at each of them, the first of which is x0
  SdeStatistics statistics;
};

/// Paths of dx = f(t, x) dt + g(t, x) dW (Itô) from x0, (n, d), at increasing times, the first of which is x0's.
///
/// - euler_maruyama: x + f h + g ΔW. Strong order ½ (1 if g is constant), weak order 1.
/// - milstein: adds ½ g D g (ΔW² − h). Strong order 1 if each g_i depends on x_i alone, otherwise ½; weak order 1.
/// - stochastic_heun: the trapezoidal rule on an Euler predictor. It converges to the Stratonovich integral, so ½ g D g
///   is subtracted from the drift to solve the same Itô equation as the others. The orders are those of milstein.
///
/// Kloeden & Platen (1992), chapters 10, 14 and 15; Rümelin, SIAM J. Numer. Anal. 19 (1982).
///
/// The Brownian path over the interval after times[k] is `BrownianIncrements` of `rng.split(k)`: it depends on seed,
/// row and times alone, so a smaller dt or another method follows the same path. Tracked tensors (x0, those captured by
/// the coefficients) get their gradients for fixed noise. Throws ShapeError if x0 is not (n, d) or a coefficient does
/// not have its shape; ValueError for invalid times, dt, method or x0; SolverError with time and row if a path becomes
/// NaN or infinite.
///
/// Example: `auto s = sdeint(sde, x0, {0, 0.5, 1}, {.dt = 1e-3, .rng = rng.split("noise")}); Tensor x1 = s.x.back();`
SdeSolution sdeint(const Sde& sde, const Tensor& x0, const std::vector<double>& times, const SdeOptions& options = {});

/// The names of all methods.
const std::vector<std::string>& sde_method_names();

}  // namespace dimwise
