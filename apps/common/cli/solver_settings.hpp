#pragma once

#include "apps/common/cli/cli.hpp"
#include "hollow/flow/cnf.hpp"

namespace dimwise::app {

/// How the dynamics of a flow are solved, as the user sets it.
struct SolverSettings {
  std::string trace = "exact";
  std::string method = "dopri5", corrector = "automatic";
  double rtol = 1e-5, atol = 1e-5;
  int64_t solver_steps = 0;
  std::string gradient = "direct";
};
/// `--method`, `--corrector`, the tolerances and `--solver-steps`.
void add_integrator(Command& command, SolverSettings& settings);
/// The same and `--trace`.
void add_solver(Command& command, SolverSettings& settings);
/// `--gradient`, for training.
void add_gradient(Command& command, SolverSettings& settings);
FlowOptions flow_options(const SolverSettings& settings);

}  // namespace dimwise::app
