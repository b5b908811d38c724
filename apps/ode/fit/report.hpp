#pragma once

#include <string>

#include "apps/ode/fit/data.hpp"
#include "apps/ode/fit/settings.hpp"

namespace dimwise::app::ode {

/// A finished fit.
struct FitResult {
  FitModel model;  ///< that of the smallest validation error
  int64_t step = 0, best_step = 0;
  double best_error = 0, last_error = 0;  ///< whole_path_error on the validation part, of `model` and of the last step
  std::string checkpoint;
  std::string folder;  ///< of the run
};

/// Writes held-out errors, forecasts and figures into the run folder (eval.json, forecast.csv, figs/), and the errors
/// to stdout. Throws SolverError if a forecast fails, and Error if a file cannot be written.
void report_fit(const FitSettings& settings, const Trajectories& data, const FitResult& result);

}  // namespace dimwise::app::ode
