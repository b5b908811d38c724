#pragma once

#include "apps/common/cli/cli.hpp"

namespace dimwise::app {

/// `train`: the experiment of Chen & Duvenaud (2019, section 3), which compares solvers on one model during training.
void add_experiment(App& app);

}  // namespace dimwise::app
