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
  int64_t max_evaluations = 10000;
  std::string gradient = "direct";
};
/// `--method`, `--corrector`, the tolerances, `--solver-steps` and `--max-evaluations`.
void add_integrator(Command& command, SolverSettings& settings);
/// The same and `--trace`.
void add_solver(Command& command, SolverSettings& settings);
/// `--gradient`, for training.
void add_gradient(Command& command, SolverSettings& settings);
/// The options of a flow. Its solves throw SolverError that names `--max-evaluations` when they exceed it.
FlowOptions flow_options(const SolverSettings& settings);

}  // namespace dimwise::app
