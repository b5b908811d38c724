#pragma once

#include "apps/common/cli/cli.hpp"
#include "apps/common/cli/common_flags.hpp"
#include "apps/ode/experiment/solvers.hpp"

namespace dimwise::app::ode {

/// The settings of an experiment.
struct TrainSettings {
  CommonFlags common{.steps = 2000,
                     .lr = 5e-3,
                     .out = "runs/stiffness",
                     .checkpoint_every = 100,
                     .figures = {.formats = {Format::svg, Format::png}}};
  TaskSettings task;
  HollowConfig net{.transformer = "per-dimension", .transformer_hidden = {64, 64}, .dtype = DType::float64};
  SolveLimits limits;
  std::string solvers = "dopri5,adams/functional,adams/jacobi_newton", train_with = "dopri5";
  double clip = 10;
  int64_t measure_every = 1;
  std::string sha256 = {};                                          ///< of the file of cnf
  std::vector<double> tolerances = {1e-2, 1e-3, 1e-4, 1e-5, 1e-6};  ///< of the measurements of the trained model
};

/// Adds the settings of an experiment to a command.
void add_settings(Command& command, TrainSettings& settings);
/// `dimwise-ode train` with these settings.
Command saved_command(TrainSettings& settings);

}  // namespace dimwise::app::ode
