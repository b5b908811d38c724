#pragma once

#include <string>

#include "apps/common/cli/common_flags.hpp"
#include "apps/common/cli/solver_settings.hpp"
#include "apps/ode/fit/data.hpp"
#include "apps/ode/fit/model.hpp"

namespace dimwise::app::ode {

/// The settings of a fit to trajectories: what the user sets, and what follows from the data.
struct FitSettings {
  CommonFlags common{.steps = 2000,
                     .batch_size = 64,
                     .lr = 1e-2,
                     .out = "runs/fit",
                     .checkpoint_every = 250,
                     .eval_every = 100,
                     .figures = {.formats = {Format::svg, Format::png}}};
  TrajectorySettings data;
  TableSettings table;
  FitModelSettings model;
  SolverSettings solver{.rtol = 1e-4, .atol = 1e-4};
  std::string shooting = "multiple";
  int64_t segment = 8;
  double weight_decay = 0, clip = 10;
  int64_t warm_up = 20;
  double forecast = 0.25;
  std::string columns, sha256;  ///< the names of the components, a line each, and the hash of the file
};

/// Adds the settings of a fit to a command.
void add_settings(Command& command, FitSettings& settings);
/// `dimwise-ode fit` with these settings, which include those that follow from the data.
Command saved_command(FitSettings& settings);

/// The data, with the flags of the table.
TrajectorySettings trajectory_settings(const FitSettings& settings);

}  // namespace dimwise::app::ode
