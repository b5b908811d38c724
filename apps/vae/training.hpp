#pragma once

#include "apps/common/cli/common_flags.hpp"
#include "apps/common/cli/solver_settings.hpp"
#include "apps/vae/data/images.hpp"
#include "apps/vae/settings.hpp"

namespace dimwise::app::vae {

/// The settings of a training.
struct TrainSettings {
  CommonFlags common{.batch_size = 100,
                     .lr = 5e-4,
                     .out = "runs/vae",
                     .checkpoint_every = 200,
                     .log_every = 20,
                     .figures = {.formats = {Format::svg}}};
  ImageSettings images;
  ModelSettings model;
  SolverSettings solver{.trace = "auto", .rtol = 1e-3, .atol = 1e-3};
  int64_t epochs = 20, warm_up = 10, patience = 100;
  double clip = 0;
  int64_t batches = 0;  ///< in an epoch; the data determine it
  std::string sha256;   ///< of the user's file of images
};

/// The options of the flow; the trace `auto` is exact for hollow, and Hutchinson's estimate for ffjord.
FlowOptions train_options(const TrainSettings& settings);

/// Adds the settings of a training to a command.
void add_settings(Command& command, TrainSettings& settings);
/// `dimwise-vae train` with the settings of a checkpoint, which include the size of images and the number of batches.
Command saved_command(TrainSettings& settings);

/// The result of a training.
struct TrainResult {
  int64_t step = 0, epoch = 0, best_epoch = 0;
  double best_negative_elbo = 0;  ///< of the validation set, nats an image
  std::string checkpoint;
};
/// Trains into common.out. Throws what TrainingRun::run throws, DataError and UsageError.
TrainResult train(const TrainSettings& settings, const Command& command);

}  // namespace dimwise::app::vae
