#pragma once

#include "apps/common/cli/cli.hpp"
#include "apps/common/cli/common_flags.hpp"
#include "apps/ode/experiment/solvers.hpp"

namespace dimwise::app::experiment {

/// What the user sets of an experiment.
struct Settings {
  CommonFlags common{.steps = 2000,
                     .batch_size = 128,
                     .lr = 5e-3,
                     .dtype = "float64",
                     .data = "pinwheel",
                     .out = "runs/stiffness",
                     .checkpoint_every = 100};
  TaskSettings task;
  NetSettings net;
  SolveLimits limits;
  std::string solvers = "dopri5,adams/functional,adams/jacobi_newton", train_with = "dopri5";
  double minutes = 0, clip = 10;
  int64_t measure_every = 1;
  std::vector<double> tolerances = {1e-2, 1e-3, 1e-4, 1e-5, 1e-6};  ///< at which the trained model is measured
};

/// Trains, measuring; writes metrics, checkpoints, figures and totals into the run's folder, and the totals to stdout.
///
/// Throws Interrupted, Diverged, CheckpointError and what its parts throw.
void run_experiment(const Settings& settings, const Command& command);

}  // namespace dimwise::app::experiment
