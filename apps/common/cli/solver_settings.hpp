#pragma once

#include "apps/common/cli/cli.hpp"
#include "hollow/flow/cnf.hpp"

namespace dimwise::app {

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

}  // namespace dimwise::app
