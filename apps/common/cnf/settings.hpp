#pragma once

#include "apps/common/cli/common_flags.hpp"
#include "apps/common/cli/solver_settings.hpp"
#include "apps/common/cnf/dataset.hpp"
#include "apps/common/cnf/model.hpp"

namespace dimwise::app::cnf {

/// All that a training depends on: what the user sets, and what follows from the data.
struct TrainSettings {
  CommonFlags common{
      .steps = 5000, .batch_size = 256, .lr = 1e-2, .out = "runs/cnf", .checkpoint_every = 250, .eval_every = 250};
  DataSettings data;
  ModelSettings model;
  SolverSettings solver{.rtol = 1e-3, .atol = 1e-3, .max_evaluations = 2000};
  double weight_decay = 0, clip = 10, ema = 0.998;
  double kinetic = 0, jacobian = 0;
  int64_t warm_up = 100;
  std::string columns, sha256;  ///< of a file: its columns, a line each, if it has names, given first; its hash
  int64_t rows = 0;             ///< of a file, those that are used; the seed splits them
};

/// Adds the settings of a training to a command.
void add_settings(Command& command, TrainSettings& settings);

/// `dimwise-cnf train` with the settings of a checkpoint, which include those that follow from the data.
Command saved_command(TrainSettings& settings);

}  // namespace dimwise::app::cnf
