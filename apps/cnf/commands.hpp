#pragma once

#include "apps/common/cli/cli.hpp"
#include "apps/common/cli/common_flags.hpp"
#include "apps/common/cli/solver_settings.hpp"

namespace dimwise::app::cnf {

using Words = std::vector<std::string>;

// The commands of dimwise-cnf, one file each: each adds itself to the app.
void add_train(App& app);
void add_eval(App& app);
void add_score(App& app);
void add_sample(App& app);
void add_grid(App& app);
void add_plot(App& app);

}  // namespace dimwise::app::cnf
