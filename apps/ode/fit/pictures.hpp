#pragma once

#include "apps/common/plot/figure.hpp"
#include "apps/ode/fit/data.hpp"
#include "apps/ode/fit/forecast.hpp"

namespace dimwise::app::ode {

/// Observations and forecasts of the first held-out paths over time, a panel a component.
Figure time_figure(const Trajectories& data, const std::vector<Forecast>& lines);

/// The same in the plane of the first two components, with the learned field as lines from dots if there are no others;
/// of one component, its learned rate. A field that depends on time is that at the first time. The net must be float64.
Figure phase_figure(const FitModel& model, const Trajectories& data, const std::vector<Forecast>& lines);

}  // namespace dimwise::app::ode
