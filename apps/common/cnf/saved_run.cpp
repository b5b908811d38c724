#include "apps/common/cnf/saved_run.hpp"

#include "apps/common/cli/lists.hpp"

namespace dimwise::app::cnf {

SavedRun load_run(const Checkpoint& checkpoint, const std::string& weights) {
  const std::string prefix = weights == "last" ? "model." : weights == "average" ? "ema.average." : "best.";
  return app::load_run<TrainSettings, FlowModel>(checkpoint, prefix,
                                                 [](const TrainSettings& s) { return make_model(s.model, Rng(0)); });
}

SavedRun load_run(const std::string& path, const std::string& weights) {
  return load_run(trained_checkpoint(path, "trained flow", "dimwise-cnf"), weights);
}

Dataset load_dataset(const SavedRun& run) {
  Dataset data = load_dataset(run.settings.data);
  check_unchanged(data.name, data.sha256, run.settings.sha256, run.path);
  return data;
}

std::vector<std::string> column_names(const TrainSettings& settings) {
  std::vector<std::string> names = words_of(settings.columns, '\n');
  for (int64_t i = 1; settings.columns.empty() && i <= settings.model.net.d; ++i)
    names.push_back("x" + std::to_string(i));
  return names;
}

std::vector<std::string> given_names(const TrainSettings& settings) {
  const std::vector<std::string> all = column_names(settings);
  return {all.begin(), all.begin() + settings.model.net.context};
}

std::vector<std::string> learned_names(const TrainSettings& settings) {
  const std::vector<std::string> all = column_names(settings);
  return {all.begin() + settings.model.net.context, all.end()};
}

}  // namespace dimwise::app::cnf
