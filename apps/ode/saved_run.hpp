#pragma once

#include "apps/common/run/saved_run.hpp"
#include "apps/ode/experiment/settings.hpp"
#include "apps/ode/fit/settings.hpp"
#include "hollow/ode/problems/problems.hpp"

namespace dimwise::app::ode {

/// Dynamics that `dimwise-ode train` learned.
using SavedRun = TrainedModel<TrainSettings, AnyHollowNet>;
/// Throws CheckpointError.
SavedRun load_run(const Checkpoint& checkpoint);

/// The learned dynamics as a problem, from `samples` starts such as they were trained on, drawn by `seed`.
OdeProblem learned_problem(const SavedRun& run, int64_t samples, int64_t seed);

/// Dynamics that `dimwise-ode fit` learned.
using SavedFit = TrainedModel<FitSettings, FitModel>;
/// The `best` or `last` weights of a checkpoint. Throws CheckpointError, and UsageError for `average` ones.
SavedFit load_fit(const Checkpoint& checkpoint, const std::string& weights);

/// The learned dynamics in float64 and in the units of the data, over the observed times: from the start of the first
/// path that it learned from, or from those of `samples` paths, drawn by `seed`.
OdeProblem fitted_problem(const SavedFit& fit, int64_t samples, int64_t seed);

}  // namespace dimwise::app::ode
