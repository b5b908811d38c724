#pragma once

#include "apps/ode/experiment/settings.hpp"

namespace dimwise::app::ode {

/// Trains and measures; writes metrics, checkpoints, figures and totals into the run folder, and the totals to stdout.
///
/// Throws Interrupted, Diverged, CheckpointError and what its parts throw.
void run_experiment(const TrainSettings& settings, const Command& command);

}  // namespace dimwise::app::ode
