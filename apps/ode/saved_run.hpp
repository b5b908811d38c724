#pragma once

#include "apps/common/run/saved_run.hpp"
#include "apps/ode/experiment/settings.hpp"
#include "hollow/ode/problems/problems.hpp"

namespace dimwise::app::ode {

/// Dynamics that `dimwise-ode train` learned.
using SavedRun = TrainedModel<TrainSettings, AnyHollowNet>;
/// Throws CheckpointError.
SavedRun load_run(const Checkpoint& checkpoint);

/// The learned dynamics as a problem, from `samples` starts such as they were trained on, drawn by `seed`.
OdeProblem learned_problem(const SavedRun& run, int64_t samples, int64_t seed);

}  // namespace dimwise::app::ode
