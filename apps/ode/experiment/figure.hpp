#pragma once

#include <string>
#include <vector>

#include "apps/common/plot/figure.hpp"
#include "apps/ode/experiment/record.hpp"

namespace dimwise::app::experiment {

/// The experiment's curves against the iteration, a line a solver: f + D, f alone, seconds summed up, and how stiff the
/// model has become. Counts pass a median filter of 5.
Figure experiment_figure(const Record& record, const std::vector<std::string>& solvers, const std::string& loss_name);

}  // namespace dimwise::app::experiment
