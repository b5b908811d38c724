#pragma once

#include "apps/common/run/saved_run.hpp"
#include "apps/vae/model/model.hpp"
#include "apps/vae/training.hpp"

namespace dimwise::app::vae {

/// A trained autoencoder.
struct SavedRun : TrainedModel<TrainSettings, Vae> {
  int64_t epoch = 0, best_epoch = 0;  ///< the finished epochs, and the epoch of the best weights
};
/// Reads a run folder or a checkpoint. `weights` are the `best` ones on the validation set, or the `last`. Throws
/// CheckpointError.
SavedRun load_run(const std::string& path, const std::string& weights);

/// The images of the training. Throws DataError if the file is not the same any more.
Images load_images(const SavedRun& run);

}  // namespace dimwise::app::vae
