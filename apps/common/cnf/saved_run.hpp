#pragma once

#include "apps/common/cnf/settings.hpp"
#include "apps/common/run/saved_run.hpp"

namespace dimwise::app::cnf {

/// A trained flow.
using SavedRun = TrainedModel<TrainSettings, FlowModel>;
/// Reads a checkpoint of dimwise-cnf train: its `best`, `average` or `last` weights. Throws CheckpointError.
SavedRun load_run(const Checkpoint& checkpoint, const std::string& weights);
/// The same of a run folder or a file.
SavedRun load_run(const std::string& path, const std::string& weights);

/// The data of the training. Throws DataError if the file is not the same any more.
Dataset load_dataset(const SavedRun& run);
/// The names of the columns that the flow was trained on, those that are given first.
std::vector<std::string> column_names(const TrainSettings& settings);
/// Those that are given, and those that are learned.
std::vector<std::string> given_names(const TrainSettings& settings);
std::vector<std::string> learned_names(const TrainSettings& settings);

}  // namespace dimwise::app::cnf
