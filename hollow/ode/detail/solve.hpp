#pragma once

#include "hollow/ode/detail/driver.hpp"

namespace dimwise::ode {

/// Throws ValueError, ShapeError or DTypeError for invalid arguments.
void check_arguments(const State& y0, const std::vector<double>& times, const OdeOptions& options);

/// Throws ValueError if the term has a mass matrix that the options do not allow.
void check_mass(const OdeTerm& term, const OdeOptions& options);

/// Whether a solve of that status ends with an output at the end.
inline bool arrived(OdeStatus status) {
  return status == OdeStatus::success || status == OdeStatus::event_reached || status == OdeStatus::steady_state;
}

/// odeint of valid arguments, ignoring `options.gradient`, actions and jumps: recorded iff this thread records.
/// Statistics, and so the limits, continue from `before`. `derivative` is f(times[0], y0) if it is known, else empty;
/// `jacobian` is used instead of derivatives of f, if not null.
OdeSolution solve(const OdeTerm& term, const State& y0, const std::vector<double>& times, const OdeOptions& options,
                  const OdeStatistics& before = {}, State derivative = {}, JacobianFunction jacobian = nullptr);

}  // namespace dimwise::ode
