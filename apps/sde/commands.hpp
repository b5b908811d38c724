#pragma once

#include "apps/common/cli/cli.hpp"
#include "apps/common/cli/common_flags.hpp"
#include "apps/sde/data/simulation.hpp"
#include "apps/sde/data/systems.hpp"

namespace dimwise::app::sde {

using Words = std::vector<std::string>;

// The commands of dimwise-sde, one file each: each adds itself to the app.
void add_simulate(App& app);
void add_train(App& app);
void add_eval(App& app);
void add_plot(App& app);
void add_compare(App& app);
void add_bootstrap(App& app);
void add_grid(App& app);

// Settings that simulate and train share.
void add_system(Command& command, SystemOptions& options);
void add_paths(Command& command, SimulationSettings& settings);

}  // namespace dimwise::app::sde
