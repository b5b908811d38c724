#pragma once

#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// The solution at t + h from y, the solution at t, where t and h are 0-d float64 tensors and h has the value 0: y
/// itself, with derivatives with respect to the times, ∂y/∂h = f(t, y).
///
/// It is one step of rk4 of that length: derivatives up to the fourth are those of the flow. `count_moves` counts its
/// evaluations.
State moved_in_time(const OdeTerm& term, const Tensor& t, const State& y, const Tensor& h);
void count_moves(OdeStatistics& statistics, const OdeTerm& term, int64_t moves);

/// Gives an event's time and state their derivatives, by the implicit function theorem: dt*/dθ = −(∂g/∂y ∂y/∂θ + ∂g/∂θ)
/// / (dg/dt), and the state moves with its time. Counts the evaluations.
void attach_event_time(const OdeTerm& term, const OdeEvent& event, OdeEventReached& reached, OdeStatistics& statistics);

/// dg/dt along the solution from (t, y); NaN if g is not recorded.
double event_slope(const OdeTerm& term, const OdeEvent& event, double t, const State& y);

}  // namespace dimwise::ode
