#include "apps/vae/saved_run.hpp"

#include "apps/common/run/saved_settings.hpp"

namespace dimwise::app::vae {

SavedRun load_run(const std::string& path, const std::string& weights) {
  const Checkpoint checkpoint = trained_checkpoint(path, "trained autoencoder", "dimwise-vae");
  SavedRun run{.step = checkpoint.step, .path = checkpoint.path};
  restore_settings(saved_command(run.settings), checkpoint);
  run.model = make_model(run.settings.model, Rng(0));
  load_state_dict(run.model, checkpoint.tensors, weights == "best" ? "best." : "model.");
  run.epoch = run.step / run.settings.batches;
  run.best_epoch = static_cast<int64_t>(checkpoint.tensors.at("meters").data<double>()[1]);
  return run;
}

}  // namespace dimwise::app::vae
