#include "apps/vae/saved_run.hpp"

namespace dimwise::app::vae {

SavedRun load_run(const std::string& path, const std::string& weights) {
  const Checkpoint checkpoint = trained_checkpoint(path, "trained autoencoder", "dimwise-vae");
  SavedRun run{app::load_run<TrainSettings, Vae>(checkpoint, weights == "best" ? "best." : "model.",
                                                 [](const TrainSettings& s) { return make_model(s.model, Rng(0)); })};
  run.epoch = run.step / run.settings.batches;
  run.best_epoch = static_cast<int64_t>(read_meters(checkpoint, 3)[1]);
  return run;
}

Images load_images(const SavedRun& run) {
  Images images = load_images(run.settings.images);
  check_unchanged(images.name, images.sha256, run.settings.sha256, run.path);
  return images;
}

}  // namespace dimwise::app::vae
