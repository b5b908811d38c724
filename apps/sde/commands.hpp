#pragma once

#include "apps/common/cli.hpp"
#include "apps/common/common_flags.hpp"

namespace dimwise::app {

using Words = std::vector<std::string>;

// The commands of dimwise-sde, one file each: each adds itself to the app.
void add_simulate(App& app);

}  // namespace dimwise::app
