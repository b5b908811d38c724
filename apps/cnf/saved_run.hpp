#pragma once

#include "apps/cnf/settings.hpp"
#include "apps/common/run/checkpoint.hpp"

namespace dimwise::app {

/// A trained flow and the settings that it was trained with.
struct SavedRun {
  TrainSettings settings = {};
  FlowModel model = {};
  std::string path;  ///< of the checkpoint
};
/// Reads a checkpoint of dimwise-cnf train: its `best`, `average` or `last` weights. Throws CheckpointError.
SavedRun load_run(const Checkpoint& checkpoint, const std::string& weights);
/// The same of a run folder or a file.
SavedRun load_run(const std::string& path, const std::string& weights);

/// The data of the training. Throws DataError if the file is not the same any more.
Dataset load_dataset(const SavedRun& run);
/// The names of the columns that the flow was trained on.
std::vector<std::string> column_names(const TrainSettings& settings);

}  // namespace dimwise::app
