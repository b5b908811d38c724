#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "hollow/ode/term.hpp"

namespace dimwise {

enum class OdeStatus : uint8_t {
  success,
  event_reached,             ///< a terminal event ended the solve
  max_steps_reached,         ///< `max_steps` steps were tried
  max_evaluations_reached,   ///< f was evaluated `max_evaluations` times
  dt_too_small,              ///< the error asks for a step below `dt_min`, or below the rounding of t
  corrector_not_converging,  ///< the implicit equation is not solved even with the shortest step
  non_finite,                ///< a NaN or an infinity that no shorter step avoids
};
const char* name(OdeStatus status);

/// How gradients pass a solve.
enum class OdeGradient : uint8_t {
  direct,  ///< through the recorded steps: exact for the discrete solution, memory grows with the steps. Explicit
           ///< methods: differentiable to any order; implicit ones: once, by the implicit function theorem in each step
  checkpointed,  ///< the same gradient, with the steps of one stretch at a time: memory grows with √steps, f is
                 ///< evaluated twice
  adjoint,       ///< a second solve backwards along the stored solution (interpolating adjoint): memory of the dense
                 ///< output, once differentiable
  backsolve,     ///< the same, with y solved backwards too: memory independent of the steps, but wrong where the flow
                 ///< contracts strongly (stiff problems): a check on y(t0) throws
};

/// A root of g(t, y) to be found along the solution, to the rounding of t.
struct OdeEvent {
  std::function<Tensor(const Tensor& t, const State& y)> g;  ///< one number
  int direction = 0;  ///< +1: only where g rises (in the direction of the solve), −1: only where it falls, 0: both
  bool terminal = false;  ///< whether the solve ends there
};

/// What a corrector may be, for implicit methods: how y = δ + γ f(t, y) is solved in each step.
///
/// `functional`: y ← δ + γ f(t, y). `jacobi_newton`: Newton with the diagonal D f alone, by `dimwise` (Chen & Duvenaud
/// 2019, section 3). `newton`: with the whole Jacobian, LU. `newton_krylov`: GMRES with the diagonal as preconditioner.
/// `automatic`: for bdf, radau5 and the ESDIRKs jacobi_newton where the term has a diagonal, as long as the power
/// method finds that the diagonal leaves little uncorrected (5 % for few unknowns, 30 % for many), else newton
/// (newton_krylov where d > 200). For adams functional, and the others once that fails again and again.
const std::vector<std::string>& corrector_names();

/// How implicit methods solve the equation of a step, y = δ + γ f(t, y).
struct OdeImplicitOptions {
  std::string corrector = "automatic";  ///< one of `corrector_names()`
  /// Its error, as a share of the step's tolerance; 1e-8 makes steps exact to rounding, as comparisons with finite
  /// differences need.
  double tolerance = 0.05;
};

/// Steps to be taken again, without control: the `grid` and, of multistep methods, the `orders` of an earlier solution.
/// Explicit methods give the same bits, implicit ones the same numbers to the corrector's tolerance.
struct StepSchedule {
  std::vector<double> grid = {};
  std::vector<int> orders = {};
};

/// What the adjoint solves by; empty and 0 for what the solve itself takes.
struct OdeAdjointOptions {
  std::string method = {}, corrector = {};
  double rtol = 0, atol = 0;
  /// Whether the gradient with respect to what f captures enters the error norm. It is a quadrature, and mostly follows
  /// safely; after a first step over a fast transient, which high-order methods may take, it does not.
  bool controls_parameters = false;
};

struct OdeOptions {
  /// One of `ode_method_names()`: explicit Runge–Kutta (euler, heun, rk4: fixed steps; bosh3, dopri5, tsit5, dopri8),
  /// explicit (abm) and implicit (adams) Adams, bdf, implicit Runge–Kutta (radau5 and the ESDIRKs).
  std::string method = "dopri5";
  double rtol = 1e-6, atol = 1e-8;
  /// Adaptive methods: the first step, 0 to choose. Fixed-step methods: the longest step; the intervals between
  /// requested times are cut into equal ones.
  double dt = 0;
  /// Instead of dt, for any one-step method: equal steps, without control, this many between requested times.
  int64_t steps = 0;
  double dt_min = 0, dt_max = std::numeric_limits<double>::infinity();
  int64_t max_steps = 10000;  ///< steps tried, rejected ones included
  /// Evaluations of f, never passed; those of D f count as evaluations of f, for they give it.
  int64_t max_evaluations = std::numeric_limits<int64_t>::max();
  /// Which state tensors enter the error norm, the RMS of error / (atol + rtol·|y|) over all their elements; empty for
  /// all.
  std::vector<bool> controlled = {};
  /// State tensors that f does not read: they are kept as they were within a step, which saves time, and stay outside
  /// the implicit equations. Empty for none.
  std::vector<bool> quadratures = {};
  /// Instead of rtol and atol, for each state tensor one that broadcasts to it: per-component tolerances.
  State rtols = {}, atols = {};
  /// The error norm is the largest RMS of a row instead of the RMS over all: no sample of a batch hides behind others.
  bool per_sample = false;
  OdeImplicitOptions implicit = {};
  /// Multistep methods: the highest order; 0 for the method's (12 for Adams, 5 for BDF).
  int max_order = 0;
  std::vector<OdeEvent> events = {};
  /// Whether the solution can be read at any time afterwards (`OdeSolution::at`).
  bool dense = false;
  StepSchedule replay = {};
  OdeGradient gradient = OdeGradient::direct;
  OdeAdjointOptions adjoint = {};
};

struct OdeStatistics {
  int64_t evaluations = 0;             ///< of f, those in `diagonals` included; for the adjoint, of f and its pull
  int64_t diagonals = 0;               ///< of D f
  int64_t jacobians = 0;               ///< of the whole ∂f/∂y; each costs d reverse passes
  int64_t products = 0;                ///< of ∂f/∂y with a vector (newton_krylov)
  int64_t factorizations = 0;          ///< LU of I − γ ∂f/∂y
  int64_t iterations = 0;              ///< of the corrector
  int64_t accepted = 0, rejected = 0;  ///< steps; `rejected` includes those whose corrector failed
  int64_t corrector_failures = 0;      ///< steps thrown away because the corrector did not converge
  double last_dt = 0;                  ///< length of the last step accepted
  double next_dt = 0;  ///< length of the step an adaptive method would try next: a first `dt` for a solve that goes on
  std::string corrector = {};  ///< the corrector in use at the end; empty for explicit methods

  /// Adds up the counts; lengths and corrector are those of `more`.
  OdeStatistics& operator+=(const OdeStatistics& more);
};

struct OdeEventReached {
  size_t event = 0;  ///< index into `events`
  double t = 0;
  State y;
};

namespace ode {
struct DenseOutput;
}

struct OdeSolution {
  std::vector<State> y;  ///< at those of the requested times that were reached, the first included
  OdeStatus status = OdeStatus::success;
  std::string message;  ///< what happened: t, dt, the worst component, what to do; empty on success
  std::string advice;   ///< what would have served better, as where an explicit method met a stiff problem; or empty
  OdeStatistics statistics;
  std::vector<double> grid;  ///< start and end of every accepted step
  std::vector<int> orders;   ///< multistep methods: of every accepted step; negative where it began afresh
  std::vector<OdeEventReached> events;
  /// Counts of the adjoint's solves, added up as gradients are asked for; null with the direct gradient.
  std::shared_ptr<const OdeStatistics> adjoint;
  std::shared_ptr<const ode::DenseOutput> trajectory;  ///< with `dense`: what `at` reads

  /// y(t) for t between the start and where the solve ended. Throws ValueError elsewhere, and without `dense`.
  State at(double t) const;
};

/// The solution of y' = f(t, y), y(times[0]) = y0, at increasing or decreasing times.
///
/// Adaptive steps are not shortened for requested times, which are interpolated by the method's continuous extension;
/// only the last is hit. If all times are equal (t0 = t1), y0 is returned. Accepted times, orders and event times are
/// data: no gradient passes them. What is tracked (y0, tensors captured by f) gets its gradient. A solve that fails
/// says so in `status`; `value_or_throw` throws it. Throws ValueError for options that make no sense, ShapeError or
/// DTypeError where f's result does not fit y.
///
/// Example: `auto s = odeint([&](const Tensor&, const State& y) { return State{-y[0]}; }, {x}, {0, 1}); Tensor x1 =
/// value_or_throw(s).y.back()[0];`
OdeSolution odeint(const OdeTerm& term, const State& y0, const std::vector<double>& times,
                   const OdeOptions& options = {});

/// The same for a state of one tensor: its values at the times that were asked for, stacked along a new first axis.
/// Throws SolverError unless the end, or a terminal event, was reached.
///
/// Example: `Tensor y = odeint([](const Tensor&, const Tensor& y) { return -y; }, x, {0, 0.5, 1});  // (3, …)`
Tensor odeint(const std::function<Tensor(const Tensor& t, const Tensor& y)>& f, const Tensor& y0,
              const std::vector<double>& times, const OdeOptions& options = {});

/// The names of all methods, explicit ones first.
const std::vector<std::string>& ode_method_names();
/// Whether a method of that name chooses its steps by an error estimate. Throws ValueError listing the names.
bool is_adaptive(const std::string& method);
/// Whether it solves an implicit equation in each step. Throws ValueError listing the names.
bool is_implicit(const std::string& method);

/// The solution itself. Throws SolverError with its message unless the end, or a terminal event, was reached.
const OdeSolution& value_or_throw(const OdeSolution& solution);
OdeSolution value_or_throw(OdeSolution&& solution);

}  // namespace dimwise
