#pragma once

#include <string>
#include <vector>

#include "apps/ode/fit/segments.hpp"

namespace dimwise::app::ode {

/// A forecast of a path, in the units of the data.
struct Forecast {
  Segment path = {};      ///< the observations that it is compared with; it starts at the first
  std::vector<double> t;  ///< of each row of x
  Tensor x;               ///< (n, d), float64
};

/// The learned path through the first row of `path`, at times that begin with its own. The net must be float64. Throws
/// SolverError.
Forecast forecast(const FitModel& model, const Observations& seen, const Segment& path, const std::vector<double>& t,
                  const OdeOptions& options);
/// At the observed times of a path, and beyond them up to `end`.
Forecast forecast_observed(const FitModel& model, const Observations& seen, const Segment& path, double end,
                           const OdeOptions& options);
/// At times so close that a line through them is smooth, up to `end`.
Forecast forecast_line(const FitModel& model, const Observations& seen, const Segment& path, double end,
                       const OdeOptions& options);

/// Writes forecasts as columns path, t and those of x; paths are called as in the file they are of.
void save_forecasts(const std::string& file, const Observations& seen, const std::vector<Forecast>& forecasts);

}  // namespace dimwise::app::ode
