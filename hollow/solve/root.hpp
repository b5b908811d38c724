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
  Function diagonal = {};  ///< ∂F_i/∂y_i, of the shape of y; none if it is not known
  /// F and its diagonal in one go, where that is cheaper than one after the other; none otherwise.
  std::function<std::pair<Tensor, Tensor>(const Tensor&)> both = {};
};

/// F(y) = y − s f(y) − c with the diagonal 1 − s D f(y) of a HollowNet f: a fixed point of s f + c, or an implicit
/// step.
///
/// One pass through f and one more through its transformer give both. c broadcasts to y; undefined for 0.
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
  budget_exhausted,  ///< `max_evaluations` evaluations of F
  diverged,          ///< the updates grow
  stalled,           ///< the updates shrink too slowly, or a line search finds no decrease
  singular,          ///< the linearization has no inverse
  non_finite,        ///< a NaN or an infinity
};
const char* name(RootStatus status);

/// How gradients pass a root.
enum class RootGradient : uint8_t {
  implicit,    ///< by the implicit function theorem at the root: the memory of one evaluation, once differentiable
  iterations,  ///< through the recorded iterations, whose linearizations (Jacobians, diagonals, mixing weights) count
               ///< as constants: memory grows with the iterations; exact in the limit, to any order
};

struct RootOptions {
  std::string method = "jacobi_newton";    ///< one of `root_methods()`
  std::vector<std::string> fallback = {};  ///< tried in turn, each from the best iterate so far
  /// An iterate is a root when the RMS of error / (atol + rtol·|y|) is estimated to be at most 1 in every row.
  double rtol = 1e-6, atol = 1e-8;
  int64_t max_iterations = 50;      ///< of each method
  int64_t max_evaluations = 10000;  ///< of F, by all methods together: never passed
  double damping = 1;               ///< y ← y + damping · update; anderson: the part of F that is mixed in
  /// Updates are halved until the corrections shrink: by newton in each row, by newton_krylov in all together.
  bool line_search = true;
  int64_t memory = 5;                   ///< anderson: differences kept; broyden: four times as many updates
  double smallest_diagonal = 1e-6;      ///< entries of the diagonal closer to 0 are replaced by ± this
  int64_t max_linear_iterations = 100;  ///< newton_krylov: of GMRES in an iteration
  RootGradient gradient = RootGradient::implicit;
  ImplicitOptions implicit = {};  ///< of the implicit gradient; the equation's diagonal is filled in where it is of use
};

struct RootStatistics {
  int64_t evaluations = 0;  ///< of F, that for the implicit gradient included
  int64_t diagonals = 0;    ///< of ∂F_i/∂y_i
  int64_t jacobians = 0;    ///< dense ones, of d pulls each
  int64_t products = 0;     ///< of the Jacobian with a vector: one an iteration of GMRES
  int64_t iterations = 0;
  int64_t guarded = 0;  ///< entries of diagonals that were replaced
};

/// What one method of the chain did.
struct RootAttempt {
  std::string method;
  RootStatus status = RootStatus::converged;
  int64_t iterations = 0;
  double contraction = 0;  ///< θ: the last factor by which a correction shrank
};

struct RootSolution {
  Tensor y;  ///< the root; if there is none, the iterate with the smallest residual, as a constant
  RootStatus status = RootStatus::converged;
  std::string message;  ///< what happened and what to do; empty on success
  RootStatistics statistics;
  std::vector<RootAttempt> attempts;  ///< in order; the last one's status is that of the solution
  double contraction = 0;             ///< of the last attempt
  double error = 0;                   ///< estimated, in units of the tolerance: at most 1 on success
  double residual = 0;                ///< RMS of F(y), in the worst row
};

/// A root of F(y) = 0 from a first guess.
///
/// The methods, y ← y − C F(y), and an iteration's cost (F: evaluations of F, D: of its diagonal):
/// - `picard`: C = 1. F. Converges where ρ(1 − ∂F) < 1.
/// - `anderson`: the combination of the last points whose residual is smallest, row by row. F. Walker & Ni (2011).
/// - `jacobi_newton`: C = 1 / D_dim F(y). F + D. Converges where the off-diagonal part of ∂F is small against its
///   diagonal. Chen & Duvenaud (2019), section 3.
/// - `broyden`: C follows from C = 1 / D_dim F, or 1, by good Broyden updates, row by row. F. Broyden (1965).
/// - `newton_krylov`: C = (∂F)⁻¹ by GMRES, preconditioned by 1 / D_dim F if it is known, only as far as it pays.
///   F + D + a forward sweep a product. Eisenstat & Walker (1996).
/// - `newton`: C = (∂F)⁻¹ by LU. F + d pulls + O(d³) a row.
///
/// All measure how fast corrections shrink, θ = ‖C F(y_new)‖ / ‖C F(y)‖, in the norm of the tolerance and so in the
/// units of y, and stop when θ / (1 − θ) times the update is within the tolerance; methods that converge linearly want
/// the larger of two successive θ. Three θ ≥ 1 in a row (eight for anderson and broyden) end as diverged. Deuflhard,
/// Newton Methods (2004), 2.1.
///
/// A method that fails hands over to the next of `fallback`; what happened is in `attempts` and `status`, and
/// `value_or_throw` throws it. Tracked tensors that F captures get their gradients by `gradient`; y0 only with
/// `iterations`. Throws ValueError for options that make no sense and for jacobi_newton without a diagonal, ShapeError
/// and DTypeError where F(y) does not fit y.
///
/// Example: `Tensor y = value_or_throw(find_root({[&](const Tensor& y) { return y - cos(y); }}, y0, {.method =
/// "newton"})).y;`
RootSolution find_root(const RootProblem& equation, const Tensor& y0, const RootOptions& options = {});

/// A y of y = g(y); `diagonal`, if it is known, is ∂g_i/∂y_i. As find_root with F(y) = y − g(y).
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
