#include <cmath>

#include "autodiff/error.hpp"
#include "hollow/ode/solve.hpp"

namespace dimwise::ode {

namespace {

void check_times(const char* what, const std::vector<double>& times) {
  if (times.size() < 2)
    fail<ValueError>("odeint", "there are ", times.size(), ' ', what, ". Give at least start and end.");
  for (size_t i = 0; i < times.size(); ++i) {
    if (!std::isfinite(times[i])) fail<ValueError>("odeint", what, "[", i, "] = ", times[i], " is not finite.");
    if (i > 0 && !((times[i] - times[i - 1]) * (times.back() - times.front()) > 0))
      fail<ValueError>("odeint", what, " must increase or decrease strictly, but ", times[i - 1], " is followed by ",
                       times[i], ".");
  }
}

void check_marks(const char* what, const std::vector<bool>& marks, size_t tensors) {
  if (!marks.empty() && marks.size() != tensors)
    fail<ValueError>("odeint", what, " has ", marks.size(), " entries for ", tensors,
                     " state tensors. Give one for each, or none.");
}

}  // namespace

void check_arguments(const State& y0, const std::vector<double>& times, const OdeOptions& options) {
  if (y0.empty()) fail<ValueError>("odeint", "the state has no tensors.");
  for (const Tensor& y : y0)
    if (!y.defined()) fail<ValueError>("odeint", "a state tensor is undefined.");
  for (const Tensor& y : y0)
    if (y.dtype() != y0[0].dtype())
      fail<DTypeError>("odeint", "the state mixes ", y0[0].dtype(), " and ", y.dtype(), ". Cast with astype.");
  check_times("times", times);
  check_marks("controlled", options.controlled, y0.size());
  check_marks("quadratures", options.quadratures, y0.size());
  if (!(options.rtol >= 0 && options.atol >= 0 && options.rtol + options.atol > 0))
    fail<ValueError>("odeint", "rtol = ", options.rtol, " and atol = ", options.atol,
                     ". Neither may be negative, one must be positive.");
  if (!(options.dt >= 0 && std::isfinite(options.dt)))
    fail<ValueError>("odeint", "dt = ", options.dt, ". It is a length: positive, or 0 to choose.");
  if (!(options.dt_min >= 0 && options.dt_min <= options.dt_max && options.dt_max > 0))
    fail<ValueError>("odeint", "dt_min = ", options.dt_min, ", dt_max = ", options.dt_max,
                     ". 0 ≤ dt_min ≤ dt_max is needed, and dt_max > 0.");
  if (options.steps < 0 || options.max_steps < 1)
    fail<ValueError>("odeint", "steps = ", options.steps, ", max_steps = ", options.max_steps,
                     ". They must be positive.");
  if (!options.grid.empty()) {
    check_times("grid", options.grid);
    if (options.grid.front() != times.front() || options.grid.back() != times.back())
      fail<ValueError>("odeint", "the grid runs from ", options.grid.front(), " to ", options.grid.back(),
                       ", the times from ", times.front(), " to ", times.back(), ". Their ends must be equal.");
  } else if (!tableau(options.method).adaptive() && options.steps == 0 && options.dt == 0) {
    fail<ValueError>("odeint", "'", options.method, "' has no error estimate to choose its steps by. Set dt or steps.");
  }
}

}  // namespace dimwise::ode
