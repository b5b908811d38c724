#pragma once

#include "apps/common/run/checkpoint.hpp"
#include "hollow/ode/problems/problems.hpp"

namespace dimwise::app {

/// Whether a checkpoint was written by `dimwise-ode train`.
bool is_trained_dynamics(const Checkpoint& checkpoint);

/// The dynamics that `dimwise-ode train` learned, from `samples` starts such as it was trained on. Throws
/// CheckpointError.
OdeProblem trained_dynamics(const Checkpoint& checkpoint, int64_t samples, int64_t seed);

}  // namespace dimwise::app
