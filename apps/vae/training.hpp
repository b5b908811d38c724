#pragma once

#include "apps/common/cli/common_flags.hpp"
#include "apps/common/cli/solver_settings.hpp"
#include "apps/vae/data/images.hpp"
#include "apps/vae/settings.hpp"

namespace dimwise::app::vae {

/// All that the user sets of a training.
struct TrainSettings {
  CommonFlags common{
      .batch_size = 100, .lr = 5e-4, .data = "strokes", .out = "runs/vae", .checkpoint_every = 200, .log_every = 20};
  ImageSettings images;
  ModelSettings model;
  SolverSettings solver{.trace = "auto", .rtol = 1e-3, .atol = 1e-3};
  std::string gradient = "direct";
  int64_t epochs = 20, warm_up = 10, patience = 100;
  double clip = 0;
};

/// How the flow is solved; the trace `auto` means exact for hollow, and Hutchinson's for ffjord.
FlowOptions train_options(const TrainSettings& settings);

/// The settings on which the numbers of a training depend, but not how long it goes on, by flag; and back. Throws
/// CheckpointError naming `where` if dimwise-vae train did not write them.
nlohmann::ordered_json to_json(const TrainSettings& settings);
TrainSettings train_settings(const std::string& json, const std::string& where);

/// What came of a training.
struct TrainResult {
  int64_t step = 0, epoch = 0, best_epoch = 0;
  double best_negative_elbo = 0;  ///< of the validation set, nats an image
  std::string checkpoint;
};
/// Trains into common.out. Throws what TrainingRun::run throws, DataError and UsageError.
TrainResult train(const TrainSettings& settings, const Command& command);

}  // namespace dimwise::app::vae
