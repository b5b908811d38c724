#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/dimwise.hpp"
#include "hollow/solve/implicit.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise {

/// F(y) = 0 for y of shape (…, d), the shape of F(y). Rows, along the last axis, are independent of each other.
struct RootProblem {
  Function residual;       ///< F
  Function diagonal = {};  ///< ∂F_i/∂y_i, of the shape of y; empty if unknown
  /// F and its diagonal together, if that is cheaper than one after the other; otherwise empty.
  std::function<std::pair<Tensor, Tensor>(const Tensor&)> both = {};
};

/// F(y) = y − s f(y) − c with the diagonal 1 − s D f(y) of a HollowNet f: a fixed point of s f + c, or an implicit
/// step.
///
/// Both together cost one pass through f and one more through its transformer. c broadcasts to y; undefined for 0.
///
/// Example: `RootSolution s = find_root(hollow_root_problem(net.at(), 0.5, x), x, {.method = "jacobi_newton"});`
template <HollowFunction Net>
RootProblem hollow_root_problem(const Net& f, double s = 1, const Tensor& c = {}) {
  const auto residual = [s, c](const Tensor& y, const Tensor& value) {
    const Tensor r = y - s * value;
    return c.defined() ? r - c : r;
  };
  return {.residual = [=](const Tensor& y) { return residual(y, f.transformer(y, f.conditioner(y))); },
          .diagonal = [=](const Tensor& y) { return 1 - s * dimwise(f, y, 1)[1]; },
          .both =
              [=](const Tensor& y) {
                const std::vector<Tensor> d = dimwise(f, y, 1);
                return std::pair{residual(y, d[0]), 1 - s * d[1]};
              }};
}

enum class RootStatus : uint8_t {
  converged,
  max_iterations_reached,
  budget_exhausted,  ///< `max_evaluations` evaluations of F were made
  diverged,          ///< the updates grow
  stalled,           ///< F or the updates shrink too slowly: F may have a minimum that is no root
  singular,          ///< the linearization has no inverse, and F no direction of descent
  non_finite,        ///< a NaN or infinity
};
const char* name(RootStatus status);

/// How gradients of a root are computed.
enum class RootGradient : uint8_t {
  implicit,    ///< by the implicit function theorem at the root: the memory of one evaluation, once differentiable
  iterations,  ///< through the recorded iterations, whose linearizations (Jacobians, diagonals, mixing weights) are
               ///< constants: memory grows with the iterations; exact in the limit, to any order
};

struct RootOptions {
  std::string method = "jacobi_newton";    ///< one of `root_methods()`
  std::vector<std::string> fallback = {};  ///< tried in this order, each from the best iterate so far
  /// An iterate is a root when, in every row, the RMS of error / (atol + rtol·|y|) is estimated to be at most 1, and F
  /// is small.
  double rtol = 1e-6, atol = 1e-8;
  /// F is small when its RMS is at most that at the first guess times max(ftol, min(1/δ, 1/10), ε/δ), where δ is the
  /// first correction and ε the rounding of y, in tolerances: F has shrunk by ftol, or as far as an error of one
  /// tolerance or of rounding lets it.
  double ftol = 1e-6;
  int64_t max_iterations = 50;      ///< of each method
  int64_t max_evaluations = 10000;  ///< of F, by all methods together; never exceeded
  double damping = 1;               ///< y ← y + damping · update; anderson: the mixing factor of F
  /// Whether newton and newton_krylov shorten an update that does not reduce F and turn it to steepest descent.
  bool trust_region = true;
  int64_t memory = 5;                   ///< anderson: differences kept; broyden keeps four times as many updates
  double smallest_diagonal = 1e-6;      ///< entries of the diagonal closer to 0 are replaced by ± this
  int64_t max_linear_iterations = 100;  ///< newton_krylov: of GMRES in each iteration
  RootGradient gradient = RootGradient::implicit;
  ImplicitOptions implicit = {};  ///< of the implicit gradient; the equation's diagonal is added if it helps
};

struct RootStatistics {
  int64_t evaluations = 0;  ///< of F, including the one for the implicit gradient
  int64_t diagonals = 0;    ///< of ∂F_i/∂y_i
  int64_t jacobians = 0;    ///< dense ones, of d pulls each
  int64_t products = 0;     ///< of the Jacobian with a vector: one per iteration of GMRES, two per steepest descent
  int64_t iterations = 0;
  int64_t guarded = 0;  ///< entries of diagonals that were replaced
};

/// What one method of the chain did.
struct RootAttempt {
  std::string method;
  RootStatus status = RootStatus::converged;
  int64_t iterations = 0;
  double contraction = 0;  ///< θ: the last ratio of successive corrections
};

struct RootSolution {
  Tensor y;  ///< the root; if there is none, the iterate with the smallest residual, as a constant
  RootStatus status = RootStatus::converged;
  std::string message;  ///< what happened and what to do; empty on success
  RootStatistics statistics;
  std::vector<RootAttempt> attempts;  ///< in order; the last one's status is that of the solution
  double contraction = 0;             ///< of the last attempt
  double error = 0;                   ///< estimated, in tolerances: at most 1 on success, or that of rounding
  double residual = 0;                ///< RMS of F(y), in the worst row
  double residual_error = 0;          ///< the same in units of what a root may have, see `ftol`: at most 1 on success
};

/// A root of F(y) = 0 from a first guess.
///
/// The methods, y ← y − C F(y), and an iteration's cost (F: evaluations of F, D: of its diagonal):
/// - `picard`: C = 1. F. Converges if ρ(1 − ∂F) < 1.
/// - `anderson`: the combination of the last points with the smallest residual, row by row. F. Walker & Ni (2011).
/// - `jacobi_newton`: C = 1 / D_dim F(y). F + D. Converges if the off-diagonal part of ∂F is small compared to its
///   diagonal. Chen & Duvenaud (2019), section 3.
/// - `broyden`: C starts as 1 / D_dim F, or 1, and is corrected by good Broyden updates, row by row. F. Broyden (1965).
/// - `newton_krylov`: C = (∂F)⁻¹ by GMRES, preconditioned by 1 / D_dim F if it is known, and only as accurate as the
///   progress requires. F + D + one forward sweep per product. Eisenstat & Walker (1996).
/// - `newton`: C = (∂F)⁻¹ by LU. F + d pulls + O(d³) per row.
///
/// All measure how fast corrections shrink, θ = ‖C F(y_new)‖ / ‖C F(y)‖, in the norm of the tolerance and so in the
/// units of y, and stop when θ / (1 − θ) times the update is within the tolerance and F is small; methods that converge
/// linearly use the larger of two successive θ. Three successive θ ≥ 1 (eight for anderson and broyden) mean
/// `diverged`. Deuflhard, Newton Methods (2004), 2.1.
///
/// newton and newton_krylov follow Powell's dogleg in a trust region: of each row with newton, of all rows together
/// with newton_krylov. A step that reduces F too little is replaced by the point at distance Δ on the path from y over
/// y − t W⁻² ∂Fᵀ M² F, the minimum of ‖M (F + ∂F p)‖ along steepest descent, to Newton's y − (∂F)⁻¹ F. W = 1 / (atol +
/// rtol·|y|); M_i = 1 / ‖(∂F W⁻¹)_i‖ with newton, so that units of F do not matter, and W_i / |D_dim F_i|, or 1, with
/// newton_krylov. Where ∂F is singular, the step is that of steepest descent. It finds a root or ends as `stalled`, at
/// a minimum of F that is no root. Powell, A Hybrid Method for Nonlinear Equations (1970); Nocedal & Wright, Numerical
/// Optimization (2006), 11.2.
///
/// If a method fails, the next of `fallback` continues. `attempts` and `status` report the outcome, and
/// `value_or_throw` throws a failure. Tracked tensors that F captures get their gradients as `gradient` says; y0 gets
/// one only with `iterations`. Throws ValueError for invalid options and for jacobi_newton without a diagonal,
/// ShapeError and DTypeError if F(y) does not fit y.
///
/// Example: `Tensor y = value_or_throw(find_root({[&](const Tensor& y) { return y - cos(y); }}, y0, {.method =
/// "newton"})).y;`
RootSolution find_root(const RootProblem& equation, const Tensor& y0, const RootOptions& options = {});

/// A solution of y = g(y); `diagonal`, if known, is ∂g_i/∂y_i. The same as find_root with F(y) = y − g(y).
///
/// Example: `Tensor y = value_or_throw(fixed_point([](const Tensor& y) { return cos(y); }, y0, {.method =
/// "anderson"})).y;`
RootSolution fixed_point(const Function& g, const Tensor& y0, const RootOptions& options = {},
                         const Function& diagonal = {});

/// The names of the methods.
const std::vector<std::string>& root_methods();

/// The solution itself. Throws SolverError with its message unless it converged.
const RootSolution& value_or_throw(const RootSolution& solution);
RootSolution value_or_throw(RootSolution&& solution);

}  // namespace dimwise
