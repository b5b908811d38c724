#pragma once

#include "apps/common/cli/cli.hpp"
#include "apps/common/cli/common_flags.hpp"

namespace dimwise::app::ode {

// The commands of dimwise-ode, one file each: each adds itself to the app.
void add_solve(App& app);
void add_race(App& app);
void add_problems(App& app);
void add_train(App& app);
void add_fit(App& app);
void add_bounce(App& app);

}  // namespace dimwise::app::ode
