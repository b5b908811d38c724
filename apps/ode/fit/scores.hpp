#pragma once

#include <vector>

#include "apps/ode/fit/segments.hpp"

namespace dimwise::app::ode {

/// Root mean square errors of each component on held-out paths; infinite if a solve fails.
struct Errors {
  std::vector<double> one_step;    ///< from each observation to the next
  std::vector<double> whole_path;  ///< from the first observation of a path to all others
};
/// Errors of dynamics in the model's units, in the units of the data.
Errors errors(const FitModel& model, const OdeTerm& own, const Observations& test, const OdeOptions& options);

/// The root mean square of the whole-path errors over all components, in the model's units; infinite if a solve fails.
double whole_path_error(const FitModel& model, const Observations& test, const OdeOptions& options);

/// dx/dt = 0: a forecast by the last known value.
OdeTerm stays();
/// dx/dt = A x + b in the model's units. A and b are the least-squares fit of the increments of x between consecutive
/// observations by Δt (A m + b), where m is the middle of the two.
OdeTerm linear_fit(const FitModel& model, const Observations& train);

/// The errors of the model and of two baselines.
struct Scores {
  Errors learned, stays, linear;
};
/// All in float64.
Scores scores(const FitModel& model, const Observations& train, const Observations& test, const OdeOptions& options);

}  // namespace dimwise::app::ode
