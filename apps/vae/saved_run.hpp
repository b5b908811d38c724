#pragma once

#include "apps/vae/model/model.hpp"
#include "apps/vae/training.hpp"

namespace dimwise::app::vae {

/// A trained model and its settings, read from a run folder or a checkpoint.
struct SavedRun {
  TrainSettings settings = {};
  Vae model = {};
  int64_t step = 0, epoch = 0, best_epoch = 0;  ///< the finished epochs, and the epoch of the best weights
  std::string path;
};
/// `weights` are the `best` ones on the validation set, or the `last`. Throws CheckpointError.
SavedRun load_run(const std::string& path, const std::string& weights);

}  // namespace dimwise::app::vae
