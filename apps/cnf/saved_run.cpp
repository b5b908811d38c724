#include "apps/cnf/saved_run.hpp"

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

}  // namespace dimwise::app
