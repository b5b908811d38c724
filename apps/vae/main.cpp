#include "apps/common/run/info.hpp"
#include "apps/vae/commands.hpp"
#include "apps/vae/training.hpp"
#include "ops/threads.hpp"

int main(int argc, char** argv) {
  dimwise::set_threads(1);
  dimwise::app::App app("dimwise-vae", "variational autoencoders whose posterior is carried by a flow");
  dimwise::app::vae::add_train(app);
  dimwise::app::vae::add_eval(app);
  dimwise::app::vae::add_sample(app);
  dimwise::app::vae::add_reconstruct(app);
  dimwise::app::vae::add_encode(app);
  dimwise::app::vae::add_table(app);
  dimwise::app::add_info<dimwise::app::vae::TrainSettings>(app, "trained autoencoder", "runs/vae");
  return run_app(app, argc, argv);
}
