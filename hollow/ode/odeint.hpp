#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "hollow/ode/term.hpp"
#include "hollow/solve/implicit.hpp"

namespace dimwise {

enum class OdeStatus : uint8_t {
  success,
  event_reached,             ///< a terminal event ended the solve
  steady_state,              ///< f became as small as `steady_state`
  stopped,                   ///< `on_step` returned false
  events_accumulate,         ///< an event recurs at once after its action, as for a ball that comes to rest
  max_steps_reached,         ///< `max_steps` steps were tried
  max_evaluations_reached,   ///< f was evaluated `max_evaluations` times
  dt_too_small,              ///< the error test requires a step below `dt_min`, or below the rounding of t
  corrector_not_converging,  ///< the implicit equation is not solved even with the shortest step
  non_finite,                ///< a NaN or infinity that a shorter step does not avoid
};
const char* name(OdeStatus status);

struct OdeStatistics;

/// A step that was tried, for `OdeOptions::on_step`.
struct OdeStep {
  double t = 0, dt = 0;   ///< where the solve is after it, and its length
  bool accepted = false;  ///< otherwise the step is tried again, shorter
  const State& y;         ///< y(t)
  const OdeStatistics& statistics;
};

/// How gradients of a solve are computed.
enum class OdeGradient : uint8_t {
  direct,  ///< through the recorded steps: exact for the discrete solution, memory grows with the steps. Explicit
           ///< methods: differentiable to any order; implicit ones: once, by the implicit function theorem in each step
  checkpointed,  ///< the same gradient, with the records of one segment of steps at a time: memory grows with √steps, f
                 ///< is evaluated twice
  adjoint,    ///< a second solve backwards along the stored solution (interpolating adjoint): memory of the dense
              ///< output, once differentiable
  backsolve,  ///< as `adjoint`, with y solved backwards too: memory independent of the steps, but wrong if the flow
              ///< contracts strongly (stiff problems): it throws if y(t0) is not recovered
};

/// An event: a change of sign of g(t, y) along the solution, located to the rounding of t. A jump of g over 0 is one,
/// too.
///
/// g is evaluated at eight points of each step, so that several roots within a step are found, in their order; two
/// between neighboring points are not. Where g is NaN there is no root; if its sign differs on the two sides of such a
/// stretch, ValueError is thrown. A root within the first 10⁻⁶ of the first step counts as the start: a solve may begin
/// at a root.
///
/// Time and state of an event have gradients, with every `OdeGradient`: dt*/dθ = −(∂g/∂y ∂y/∂θ + ∂g/∂θ) / (dg/dt). They
/// are once differentiable. Where g has no slope, as at a jump, a gradient of them throws ValueError.
struct OdeEvent {
  std::function<Tensor(const Tensor& t, const State& y)> g;  ///< one number; t is 0-d float64
  int direction = 0;      ///< +1: only rising g (in the direction of the solve), −1: only falling g, 0: both
  bool terminal = false;  ///< whether the solve ends at the event
  /// If not null, the state just after the event, with which the solve continues: a bounce, a dose. Outputs at the time
  /// of the event are those before it. If g should rise or fall after the action, and is found on the other side, the
  /// event recurs faster than can be resolved, and the solve ends with `events_accumulate`. Gradients include that of
  /// the time of the change. Chen, Amos & Nickel, Learning Neural Event Functions for Ordinary Differential Equations
  /// (2021).
  std::function<State(const Tensor& t, const State& y)> action = nullptr;
};

/// The names of the correctors, which solve y = δ + γ f(t, y) in each step of an implicit method.
///
/// `functional`: y ← δ + γ f(t, y). `jacobi_newton`: Newton with the diagonal D f alone, by `dimwise` (Chen & Duvenaud
/// 2019, section 3). `newton`: with the whole Jacobian, LU; sparse or band LU if the term has a sparsity pattern, or
/// one is found (d > 200). `newton_krylov`: GMRES with the term's preconditioner, or the diagonal's. `automatic`: for
/// bdf, radau5 and the ESDIRKs, jacobi_newton if the term has a diagonal and the off-diagonal radius, measured by the
/// power method, stays small (5 % for few unknowns, 30 % for many); otherwise newton (newton_krylov if d > 200 and the
/// Jacobian is not sparse). For adams, functional, and the others after it fails repeatedly.
const std::vector<std::string>& corrector_names();

/// How implicit methods solve the equation of a step, y = δ + γ f(t, y).
struct OdeImplicitOptions {
  std::string corrector = "automatic";  ///< one of `corrector_names()`
  /// The error of the equation's solution, as a fraction of the step's tolerance; 1e-8 makes steps exact to rounding,
  /// as comparisons with finite differences need.
  double tolerance = 0.05;
  /// `automatic`: the first Jacobian that is computed is checked; if rows of the state (all its axes but the last)
  /// depend on each other, as nodes of a graph do, the solve starts again with `full`: the whole state is one row.
  RowCoupling coupling = RowCoupling::automatic;
};

/// Prescribed steps, without step control: the `grid` and, for multistep and switching methods, the `orders` of an
/// earlier solution. Explicit methods reproduce it bit for bit, implicit ones to the corrector's tolerance.
struct StepSchedule {
  std::vector<double> grid = {};
  std::vector<int> orders = {};
};

/// The options of the adjoint's backward solve; empty or 0 means the value of the forward solve.
struct OdeAdjointOptions {
  std::string method = {}, corrector = {};
  double rtol = 0, atol = 0;
  /// Whether the gradient with respect to the captured tensors enters the error norm. It is a quadrature and usually
  /// accurate without that; it is not after a first step over a fast transient, which high-order methods may take.
  bool controls_parameters = false;
};

struct OdeOptions {
  /// One of `ode_method_names()`: explicit Runge–Kutta (euler, heun, rk4: fixed steps; bosh3, dopri5, tsit5, dopri8),
  /// explicit (abm) and implicit (adams) Adams, bdf, implicit Runge–Kutta (radau5 and the ESDIRKs), and auto_tsit5_bdf,
  /// which changes between tsit5 and bdf as the problem becomes stiff and ceases to be.
  std::string method = "dopri5";
  double rtol = 1e-6, atol = 1e-8;
  /// Adaptive methods: the first step, 0 to choose it. Fixed-step methods: the longest step; the intervals between
  /// requested times are divided into equal steps.
  double dt = 0;
  /// Instead of dt, for any one-step method: this many equal steps between requested times, without step control.
  int64_t steps = 0;
  double dt_min = 0, dt_max = std::numeric_limits<double>::infinity();
  int64_t max_steps = 10000;  ///< attempted steps, including rejected ones; with `own_steps`, of a row
  /// The limit on evaluations of f, never exceeded. Evaluations of D f count too, since they also give f. Of a split
  /// term, it holds for each part.
  int64_t max_evaluations = std::numeric_limits<int64_t>::max();
  /// Which state tensors enter the error norm, that of error / (atol + rtol·|y|); empty for all.
  std::vector<bool> controlled = {};
  /// State tensors that f does not read. They are not updated within a step, which saves time, and are not unknowns of
  /// the implicit equations. Empty for none.
  std::vector<bool> quadratures = {};
  /// Per-component tolerances instead of rtol and atol: for each state tensor, a tensor that broadcasts to it.
  State rtols = {}, atols = {};
  /// The error norm is the largest RMS of a row, so that every sample of a batch meets the tolerance: an error of one
  /// row would vanish in the mean of many. The rows are those of the tensors of the highest rank, without their last
  /// axis; a tensor of other rows is a row by itself. false: the RMS over all elements, as CVODE has it.
  bool per_sample = true;
  /// Whether each row of a batch has its own steps, with its own error and limits, and is no longer evaluated once it
  /// is at the end: one row that needs short steps then does not force them on the others. A row's solution does not
  /// depend on the other rows.
  ///
  /// f gets the m rows that are still solved as tensors (m, d), all leading axes being one, and t as (m, 1), float64:
  /// beside a float32 state, `astype(t, y[0].dtype())`. f must treat each row by itself and must not capture tensors of
  /// the batch's rows; put these into the state, with derivative 0. All state tensors have the same axes but the last.
  ///
  /// For explicit Runge–Kutta pairs (bosh3, dopri5, tsit5, dopri8), without events, actions, jump_at, steady_state,
  /// non_negative, on_step, dense, replay and steps, and with the direct gradient. If a row fails, the solve ends, and
  /// the message names it; rows are counted in row-major order.
  bool own_steps = false;
  OdeImplicitOptions implicit = {};
  /// Multistep methods: the highest order; 0 for the method's maximum (12 for Adams, 5 for BDF).
  int max_order = 0;
  std::vector<OdeEvent> events = {};
  /// Times at which f jumps: no step crosses them. f is evaluated at the nearest numbers before and after, and the
  /// method starts again. Those outside the solve are ignored.
  std::vector<double> jump_at = {};
  /// If positive, the solve ends after the first step with ‖f(t, y)‖ ≤ steady_state, in the error norm: f in tolerances
  /// per unit of time.
  double steady_state = 0;
  /// State tensors that must not become negative, such as concentrations; empty for none. Adaptive steps that end more
  /// than a tolerance below 0 are shortened, the rest is set to 0. Within a step, f may be evaluated slightly below 0.
  std::vector<bool> non_negative = {};
  /// Called after every step that was tried: for progress, logs, early ends. If it returns false, the solve ends.
  std::function<bool(const OdeStep& step)> on_step = nullptr;
  /// Whether the dense output is kept, so that `OdeSolution::at` gives y at any t.
  bool dense = false;
  StepSchedule replay = {};
  OdeGradient gradient = OdeGradient::direct;
  OdeAdjointOptions adjoint = {};
};

struct OdeStatistics {
  int64_t evaluations = 0;           ///< of f, also for D f and ∂f/∂y; for the adjoint, of f and its pull
  int64_t nonstiff_evaluations = 0;  ///< of the non-stiff part of a split term; those of f are of the stiff part
  int64_t row_evaluations = 0;       ///< with `own_steps`: Σ m over the evaluations of f with m rows
  int64_t diagonals = 0;             ///< of D f
  int64_t jacobians = 0;  ///< of the whole ∂f/∂y; each costs d reverse passes, or, with a sparsity pattern, `products`
  int64_t products = 0;  ///< of ∂f/∂y with a vector, forward or reverse: of newton_krylov, the check of the diagonal,
                         ///< the search for a pattern, and as many as it has colors, and one, for a sparse Jacobian
  int64_t factorizations = 0;          ///< LU of I − γ ∂f/∂y, dense or sparse
  int64_t iterations = 0;              ///< of the corrector
  int64_t accepted = 0, rejected = 0;  ///< steps; `rejected` includes those whose corrector failed. With `own_steps`,
                                       ///< those of all rows
  int64_t corrector_failures = 0;      ///< steps discarded because the corrector did not converge
  int64_t stiff_phases = 0;            ///< how often a switching method changed to its stiff method
  double last_dt = 0;                  ///< length of the last accepted step
  double next_dt = 0;  ///< length of the step an adaptive method would try next: the `dt` of a solve that continues.
                       ///< With `own_steps`, the shortest of a row
  std::string corrector = {};  ///< the corrector in use at the end; empty for explicit methods

  /// Adds up the counts; lengths and corrector are those of `more`.
  OdeStatistics& operator+=(const OdeStatistics& more);
};

struct OdeEventReached {
  size_t event = 0;  ///< index into `events`
  double t = 0;
  State y;      ///< the state at the event, before its action
  Tensor time;  ///< t, 0-d float64: with its derivatives in a recorded solve
};

namespace ode {
struct DenseOutput;
}

struct OdeSolution {
  std::vector<double> t;  ///< the requested times that were reached, and that of a terminal event or steady state
  std::vector<State> y;   ///< the states at these times
  OdeStatus status = OdeStatus::success;
  std::string message;  ///< what happened: t, dt, the worst component, what to do; empty on success
  std::string advice;   ///< a better choice of method, if an explicit one met a stiff problem; otherwise empty
  OdeStatistics statistics;
  std::vector<double> grid;  ///< start and end of every accepted step; with `own_steps`, those of the whole solve
  /// Multistep and switching methods: of every accepted step; negative at a restart, 0 for a step of the explicit
  /// method.
  std::vector<int> orders;
  std::vector<OdeEventReached> events;
  /// Counts of the adjoint's solves, accumulated over all gradients computed; null with the direct gradient.
  std::shared_ptr<const OdeStatistics> adjoint;
  std::shared_ptr<const ode::DenseOutput> trajectory;  ///< with `dense`: read by `at`

  /// y(t) for t between the start and the end of the solve, such as a terminal event. Throws ValueError for other t,
  /// and without `dense`.
  State at(double t) const;
};

/// The solution of y' = f(t, y), y(times[0]) = y0, at increasing or decreasing times.
///
/// Adaptive steps are not shortened to hit requested times: the solution there is interpolated by the method's
/// continuous extension. Only the last requested time is hit exactly. Times may be repeated; f is not evaluated outside
/// them. If all times are equal (t0 = t1), or the state is empty, y0 is returned for each.
/// Accepted times and orders are constants without gradient. Tracked tensors (y0, those captured by f) get
/// their gradients. A failed solve reports it in `status`, and `value_or_throw` throws it. Throws ValueError for
/// invalid options, ShapeError or DTypeError if f's result does not fit y.
///
/// Example: `auto s = odeint([&](const Tensor&, const State& y) { return State{-y[0]}; }, {x}, {0, 1}); Tensor x1 =
/// value_or_throw(s).y.back()[0];`
OdeSolution odeint(const OdeTerm& term, const State& y0, const std::vector<double>& times,
                   const OdeOptions& options = {});

/// The same with the times in a tensor, (n): a tracked one gets gradients, ∂y(t_i)/∂t_i = f(t_i, y(t_i)) and
/// ∂y(t_i)/∂t_0 = −∂y(t_i)/∂y0 f(t_0, y0). Second to fourth derivatives are those of a step of rk4.
///
/// Example: `Tensor t = track(tensor({0, 1}, DType::float64)); Tensor g = grad(odeint(term, {x}, t).y.back()[0], t);`
OdeSolution odeint(const OdeTerm& term, const State& y0, const Tensor& times, const OdeOptions& options = {});

/// The same for a state of one tensor: its values at `OdeSolution::t`, stacked along a new first axis. Throws
/// SolverError unless the end, a terminal event or a steady state was reached.
///
/// Example: `Tensor y = odeint([](const Tensor&, const Tensor& y) { return -y; }, x, {0, 0.5, 1});  // (3, …)`
Tensor odeint(const std::function<Tensor(const Tensor& t, const Tensor& y)>& f, const Tensor& y0,
              const std::vector<double>& times, const OdeOptions& options = {});

/// The state that satisfies the algebraic equations of a term with a mass matrix: those whose rows of M are 0. M y is
/// that of y0, which is also the first guess. Gradients, once: with respect to M y0 and what f captures. Of the
/// options, `quadratures` and `implicit.coupling` are used.
///
/// Throws ValueError without a mass matrix, and SolverError if Newton's method does not converge, or the state is not
/// consistent because M is singular without such rows: combine equations until they are 0.
///
/// Example: `odeint(term, consistent_state(term, 0, y0), {0, 1}, {.method = "radau5"});`
State consistent_state(const OdeTerm& term, double t, const State& y0, const OdeOptions& options = {});

/// The names of all methods, explicit methods first.
const std::vector<std::string>& ode_method_names();
/// Whether the method of that name controls its steps by an error estimate. Throws ValueError that lists the names.
bool is_adaptive(const std::string& method);
/// Whether the method of that name solves an implicit equation in each step. Throws ValueError that lists the names.
bool is_implicit(const std::string& method);
/// Whether the method of that name treats `OdeTerm::nonstiff` explicitly. Throws ValueError that lists the names.
bool is_imex(const std::string& method);
/// Whether the method of that name solves M y' = f(t, y) with `OdeTerm::mass`. Throws ValueError that lists the names.
bool takes_mass(const std::string& method);

/// The solution itself. Throws SolverError with its message unless the end, a terminal event or a steady state was
/// reached.
const OdeSolution& value_or_throw(const OdeSolution& solution);
OdeSolution value_or_throw(OdeSolution&& solution);

}  // namespace dimwise
