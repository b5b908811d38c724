#pragma once

#include "apps/cnf/dataset.hpp"
#include "apps/cnf/model.hpp"
#include "apps/common/cli.hpp"
#include "apps/common/common_flags.hpp"

namespace dimwise::app {

using Words = std::vector<std::string>;

/// How a drift is solved, as the user sets it.
struct SolverSettings {
  std::string trace = "exact";
  std::string method = "dopri5", corrector = "automatic";
  double rtol = 1e-5, atol = 1e-5;
  int64_t solver_steps = 0;
};
void add_integrator(Command& command, SolverSettings& settings);
void add_solver(Command& command, SolverSettings& settings);  // the integrator and the trace
FlowOptions flow_options(const SolverSettings& settings);

// The commands of dimwise-cnf, one file each: each adds itself to the app.
void add_train(App& app);
void add_eval(App& app);
void add_sample(App& app);
void add_plot(App& app);

}  // namespace dimwise::app
