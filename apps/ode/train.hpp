#pragma once

#include "apps/common/cli/cli.hpp"

namespace dimwise::app {

/// `train`: the experiment of Chen & Duvenaud (2019, section 3), solvers compared on one model while it is trained.
void add_experiment(App& app);

}  // namespace dimwise::app
