#pragma once

#include <string>

#include "apps/common/run/saved_settings.hpp"
#include "nn/module.hpp"

namespace dimwise::app {

/// A trained model and the settings that it was trained with, read from a checkpoint.
///
/// `Command saved_command(Settings&)`, declared beside the settings, names every setting that the numbers of a run
/// depend on, those that follow from the data among them.
template <class Settings, class Model>
struct TrainedModel {
  Settings settings = {};
  Model model = {};
  int64_t step = 0;
  std::string path = {};  ///< of the checkpoint
};

/// Reads the settings of a checkpoint, makes the model of these settings by `make`, and loads the weights whose names
/// begin with `weights`. Throws CheckpointError.
///
/// Example: `load_run<TrainSettings, Vae>(checkpoint, "best.", [](const TrainSettings& s) { return make_model(s.model,
/// Rng(0)); })`
template <class Settings, class Model, class Make>
TrainedModel<Settings, Model> load_run(const Checkpoint& checkpoint, const std::string& weights, Make&& make) {
  TrainedModel<Settings, Model> run{.step = checkpoint.step, .path = checkpoint.path};
  restore_settings(saved_command(run.settings), checkpoint);
  run.model = make(run.settings);
  load_state_dict(run.model, checkpoint.tensors, weights);
  return run;
}

/// Throws DataError unless the SHA-256 of the data, which `name` names, is `trained`, that of the run at `path`.
void check_unchanged(const std::string& name, const std::string& sha256, const std::string& trained,
                     const std::string& path);

}  // namespace dimwise::app
