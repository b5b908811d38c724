#include "apps/cnf/saved_run.hpp"

#include <sstream>

#include "apps/common/run/saved_settings.hpp"

namespace dimwise::app {

SavedRun load_run(const Checkpoint& checkpoint, const std::string& weights) {
  SavedRun run{.path = checkpoint.path};
  restore_settings(saved_command(run.settings), checkpoint);
  run.model = make_model(run.settings.model, Rng(0));
  const std::string prefix = weights == "last" ? "model." : weights == "average" ? "ema.average." : "best.";
  load_state_dict(run.model, checkpoint.tensors, prefix);
  return run;
}

SavedRun load_run(const std::string& path, const std::string& weights) {
  return load_run(trained_checkpoint(path, "trained flow", "dimwise-cnf"), weights);
}

Dataset load_dataset(const SavedRun& run) {
  Dataset data = load_dataset(run.settings.data);
  if (data.sha256 != run.settings.sha256)
    fail<DataError>("data", data.name, " was changed after ", run.path, " was trained on it: its SHA-256 is ",
                    data.sha256, ", not ", run.settings.sha256, ". Restore the file, or train anew.");
  return data;
}

std::vector<std::string> column_names(const TrainSettings& settings) {
  std::vector<std::string> names;
  std::istringstream lines(settings.columns);
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  for (int64_t i = 1; settings.columns.empty() && i <= settings.model.net.d; ++i)
    names.push_back("x" + std::to_string(i));
  return names;
}

}  // namespace dimwise::app
