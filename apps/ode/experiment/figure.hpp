#pragma once

#include <string>
#include <vector>

#include "apps/common/plot/figure.hpp"
#include "apps/ode/experiment/record.hpp"

namespace dimwise::app::ode {

/// The experiment's curves against the iteration, a line for each solver: f + D, f alone, cumulative seconds, and the
/// stiffness of the model. Counts are smoothed by a median filter of 5.
Figure experiment_figure(const Record& record, const std::vector<std::string>& solvers, const std::string& loss_name);

}  // namespace dimwise::app::ode
