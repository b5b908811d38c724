#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "hollow/ode/detail/norm.hpp"
#include "hollow/ode/detail/own_steps.hpp"
#include "hollow/ode/detail/solve.hpp"
#include "hollow/ode/methods/family.hpp"
#include "ops/reduce.hpp"

namespace dimwise::ode {

namespace {

void check_times(const char* what, const std::vector<double>& times, bool repeated) {
  if (times.size() < 2)
    fail<ValueError>("odeint", "there are ", times.size(), ' ', what, ". Give at least start and end.");
  for (size_t i = 0; i < times.size(); ++i)
    if (!std::isfinite(times[i])) fail<ValueError>("odeint", what, "[", i, "] = ", times[i], " is not finite.");
  if (std::all_of(times.begin(), times.end(), [&](double t) { return t == times[0]; })) return;
  for (size_t i = 1; i < times.size(); ++i)
    if (!((times[i] - times[i - 1]) * (times.back() - times.front()) > 0 || (repeated && times[i] == times[i - 1])))
      fail<ValueError>("odeint", what, " must increase or decrease", repeated ? "" : " strictly", ", but ",
                       times[i - 1], " is followed by ", times[i], ".");
}

void check_marks(const char* what, const std::vector<bool>& marks, size_t tensors) {
  if (!marks.empty() && marks.size() != tensors)
    fail<ValueError>("odeint", what, " has ", marks.size(), " entries for ", tensors,
                     " state tensors. Give one for each, or none.");
}

void check_state(const State& y0) {
  if (y0.empty()) fail<ValueError>("odeint", "the state has no tensors.");
  for (const Tensor& y : y0)
    if (!y.defined()) fail<ValueError>("odeint", "a state tensor is undefined.");
  for (const Tensor& y : y0)
    if (y.dtype() != y0[0].dtype())
      fail<DTypeError>("odeint", "the state mixes ", y0[0].dtype(), " and ", y.dtype(), ". Cast with astype.");
}

void check_lengths(const OdeOptions& options) {
  if (!(options.dt >= 0 && std::isfinite(options.dt)))
    fail<ValueError>("odeint", "dt = ", options.dt,
                     ". It is a step length: give a positive one, or 0 to choose it automatically.");
  if (!(options.dt_min >= 0 && options.dt_min <= options.dt_max && options.dt_max > 0))
    fail<ValueError>("odeint", "dt_min = ", options.dt_min, ", dt_max = ", options.dt_max,
                     ". Give 0 ≤ dt_min ≤ dt_max with dt_max > 0.");
  if (options.steps < 0 || options.max_steps < 1 || options.max_evaluations < 1)
    fail<ValueError>("odeint", "steps = ", options.steps, ", max_steps = ", options.max_steps,
                     ", max_evaluations = ", options.max_evaluations, ". They must be positive.");
}

void check_tolerances(const OdeOptions& options) {
  const bool bounded = options.rtol > 0 || options.atol > 0 || !options.atols.empty() || !options.rtols.empty();
  if (!(options.rtol >= 0 && options.atol >= 0 && bounded && std::isfinite(options.rtol + options.atol)))
    fail<ValueError>("odeint", "rtol = ", options.rtol, " and atol = ", options.atol,
                     ". Neither may be negative, one must be positive.");
  if (!(options.implicit.tolerance > 0 && options.implicit.tolerance <= 1))
    fail<ValueError>("odeint", "implicit.tolerance = ", options.implicit.tolerance,
                     ". It is a fraction of the step's tolerance: give a value above 0 and at most 1.");
}

// Throws for a tolerance that rounding alone exceeds.
void check_accuracy(const State& y0, const OdeOptions& options) {
  const double rounding = y0[0].dtype() == DType::float32 ? 0x1p-23 : 0x1p-52;
  for (size_t i = 0; i < y0.size(); ++i) {
    if (!options.controlled.empty() && !options.controlled[i]) continue;
    const auto own = [&](const State& each) { return i < each.size() && each[i].defined(); };
    if (!own(options.rtols) && !own(options.atols) && options.rtol >= rounding && options.atol > 0) continue;
    const auto tolerance = [&](const State& each, double scalar) {
      return own(each) ? broadcast_to(stop_gradient(each[i]), y0[i].shape()).values() : std::vector<double>{scalar};
    };
    const std::vector<double> r = tolerance(options.rtols, options.rtol), a = tolerance(options.atols, options.atol),
                              y = y0[i].values();
    for (size_t j = 0; j < y.size(); ++j) {
      const double relative = r[r.size() == 1 ? 0 : j], absolute = a[a.size() == 1 ? 0 : j];
      if (!(absolute >= 0 && relative >= 0)) continue;  // the norm reports it
      const auto place = [&] { return describe({static_cast<int>(i), static_cast<int64_t>(j)}, y0); };
      if (absolute == 0 && y[j] == 0)
        fail<ValueError>("odeint", "atol = 0, but the state has ", place(), ", whose tolerance is 0. Give it an atol.");
      if (absolute + relative * std::abs(y[j]) < rounding * std::abs(y[j]))
        fail<ValueError>("odeint", "rtol = ", relative, " and atol = ", absolute, " are below the rounding of ",
                         y0[i].dtype(), " at ", place(), ". Use rtol of at least ", 4 * rounding, ", or float64.");
    }
  }
}

void check_unknowns(const State& y0, const OdeOptions& options) {
  if (!is_implicit(options.method)) return;
  Shape rows;
  bool first = true;
  for (size_t i = 0; i < y0.size(); ++i) {
    if (!options.quadratures.empty() && options.quadratures[i]) continue;
    const Shape leading = y0[i].rank() == 0 ? Shape{} : y0[i].shape().without(y0[i].rank() - 1);
    if (!first && leading != rows && options.implicit.coupling != RowCoupling::full)
      fail<ShapeError>("odeint", "implicit methods solve state tensors row by row, but these have leading axes ", rows,
                       " and ", leading,
                       " (all axes but the last). Make them equal, mark quadratures, or set implicit.coupling = "
                       "RowCoupling::full.");
    rows = leading;
    first = false;
  }
  if (first)
    fail<ValueError>("odeint", "all state tensors are quadratures: '", options.method,
                     "' has no equation to solve. Mark fewer.");
  const auto& known = corrector_names();
  if (std::find(known.begin(), known.end(), options.implicit.corrector) == known.end()) {
    std::string list;
    for (const std::string& each : known) list += (list.empty() ? "" : ", ") + each;
    fail<ValueError>("odeint", "there is no corrector '", options.implicit.corrector, "'. Use one of ", list, ".");
  }
}

void check_gradient(const OdeOptions& options) {
  if (options.gradient == OdeGradient::checkpointed && options.dense)
    fail<ValueError>("odeint",
                     "the checkpointed gradient does not keep the dense output. Use OdeGradient::adjoint, or direct.");
  const std::string& corrector =
      options.adjoint.corrector.empty() ? options.implicit.corrector : options.adjoint.corrector;
  if (options.gradient == OdeGradient::backsolve && corrector == "newton_krylov")
    fail<ValueError>("odeint_adjoint",
                     "backsolve does not support the corrector newton_krylov. Use OdeGradient::adjoint, or newton.");
}

void check_events(const OdeOptions& options) {
  for (size_t i = 0; i < options.jump_at.size(); ++i)
    if (!std::isfinite(options.jump_at[i]))
      fail<ValueError>("odeint", "jump_at[", i, "] = ", options.jump_at[i], " is not finite.");
  bool acts = !options.jump_at.empty();
  for (size_t i = 0; i < options.events.size(); ++i) {
    const OdeEvent& event = options.events[i];
    if (!event.g) fail<ValueError>("odeint", "event ", i, " has no function g.");
    if (event.terminal && event.action)
      fail<ValueError>("odeint", "event ", i, " is terminal and has an action. The solve cannot both end and go on.");
    acts = acts || event.action;
  }
  if (acts && !options.replay.grid.empty())
    fail<ValueError>("odeint", "a replayed grid has no actions or jumps. Replay the parts between them.");
}

}  // namespace

void check_mass(const OdeTerm& term, const OdeOptions& options) {
  if (!term.mass) return;
  if (term.mass->values.rank() != 1)
    fail<ShapeError>("odeint", "the values of the mass matrix have shape ", term.mass->values.shape(),
                     ". All rows have one matrix: give (nonzeros).");
  if (!takes_mass(options.method)) {
    std::string list;
    for (const std::string& method : ode_method_names())
      if (takes_mass(method)) list += (list.empty() ? "" : ", ") + method;
    fail<ValueError>("odeint", "'", options.method, "' does not solve equations with a mass matrix. Use one of ", list,
                     ".");
  }
  const std::string& corrector = options.implicit.corrector;
  if (corrector == "functional" || corrector == "jacobi_newton")
    fail<ValueError>("odeint", "the corrector '", corrector,
                     "' does not solve equations with a mass matrix. Use newton, newton_krylov or automatic.");
  if (options.gradient == OdeGradient::adjoint || options.gradient == OdeGradient::backsolve)
    fail<ValueError>(
        "odeint", "the adjoint of a term with a mass matrix is not known. Use OdeGradient::direct, or checkpointed.");
  for (const OdeEvent& event : options.events)
    if (event.action)
      fail<ValueError>("odeint",
                       "events of a term with a mass matrix have no actions: the state after one may not satisfy "
                       "the algebraic equations. End the solve by a terminal event and start again from "
                       "consistent_state.");
}

void check_arguments(const State& y0, const std::vector<double>& times, const OdeOptions& options) {
  check_state(y0);
  check_times("times", times, true);
  if (options.own_steps) check_own_steps(y0, options);
  check_marks("controlled", options.controlled, y0.size());
  check_marks("quadratures", options.quadratures, y0.size());
  check_marks("non_negative", options.non_negative, y0.size());
  for (size_t i = 0; i < options.non_negative.size(); ++i)
    if (options.non_negative[i] && min(y0[i]).item() < 0)
      fail<ValueError>("odeint", "state tensor ", i, " must not be negative, but starts at ", min(y0[i]).item(), ".");
  if (!(options.steady_state >= 0 && std::isfinite(options.steady_state)))
    fail<ValueError>("odeint", "steady_state = ", options.steady_state, ". Give a bound of ‖f‖, or 0 for none.");
  check_tolerances(options);
  check_lengths(options);
  const bool adaptive = is_adaptive(options.method);
  if (adaptive && options.steps == 0 && options.replay.grid.empty()) check_accuracy(y0, options);
  check_unknowns(y0, options);
  check_gradient(options);
  if (options.max_order < 0)
    fail<ValueError>("odeint", "max_order = ", options.max_order, ". It must not be negative.");
  check_events(options);
  if (!options.replay.grid.empty()) {
    check_times("grid", options.replay.grid, false);
    if (options.replay.grid.front() != times.front() || options.replay.grid.back() != times.back())
      fail<ValueError>("odeint", "the grid runs from ", options.replay.grid.front(), " to ", options.replay.grid.back(),
                       ", the times from ", times.front(), " to ", times.back(), ". Their ends must be equal.");
  }
  if (is_multistep(options.method)) {
    if (options.steps > 0)
      fail<ValueError>(
          "odeint", "'", options.method,
          "' chooses order and step together and cannot take equal steps. Set tolerances, or use a one-step method.");
    if (!options.replay.grid.empty() && options.replay.orders.size() + 1 != options.replay.grid.size())
      fail<ValueError>("odeint", "there are ", options.replay.orders.size(), " orders for the ",
                       options.replay.grid.size() - 1,
                       " steps of the grid. Give the grid and the orders of one solution.");
  } else if (!adaptive && options.replay.grid.empty() && options.steps == 0 && options.dt == 0) {
    fail<ValueError>("odeint", "'", options.method, "' has no error estimate to choose its steps by. Set dt or steps.");
  }
}

}  // namespace dimwise::ode
