#pragma once

#include <string>

#include "apps/ode/fit/data.hpp"
#include "apps/ode/fit/settings.hpp"

namespace dimwise::app::ode {

/// A finished fit.
struct FitResult {
  FitModel model;
  int64_t step = 0;
  std::string checkpoint;
  std::string folder;  ///< of the run
};

/// Writes held-out errors, forecasts and figures into the run folder (eval.json, forecast.csv, figs/), and the errors
/// to stdout. Throws SolverError if a forecast fails, and Error if a file cannot be written.
void report_fit(const FitSettings& settings, const Trajectories& data, const FitResult& result);

}  // namespace dimwise::app::ode
