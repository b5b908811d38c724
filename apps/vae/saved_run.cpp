#include "apps/vae/saved_run.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "apps/common/run/checkpoint.hpp"

namespace dimwise::app::vae {

Trained load_trained(const std::string& path, const std::string& weights) {
  Checkpoint checkpoint = trained_checkpoint(path, "trained autoencoder", "dimwise-vae");
  Trained trained;
  trained.path = checkpoint.path;
  trained.step = checkpoint.step;
  trained.settings = train_settings(checkpoint.metadata["vae"], trained.path);
  trained.model = make_model(trained.settings.model, Rng(0));
  load_state_dict(trained.model, checkpoint.tensors, weights == "best" ? "best." : "model.");
  trained.epoch =
      trained.step / std::max<int64_t>(std::strtoll(checkpoint.metadata["batches"].c_str(), nullptr, 10), 1);
  trained.best_epoch = static_cast<int64_t>(checkpoint.tensors.at("meters").data<double>()[1]);
  return trained;
}

std::string result_folder(const std::string& out) {
  return std::filesystem::is_directory(out) ? out : std::filesystem::absolute(out).parent_path().string();
}

}  // namespace dimwise::app::vae
