#include "apps/common/cli/net_settings.hpp"
#include "apps/vae/commands.hpp"
#include "apps/vae/training.hpp"

namespace dimwise::app::vae {

FlowOptions train_options(const TrainSettings& s) {
  SolverSettings solver = s.solver;
  if (solver.trace == "auto") solver.trace = s.model.flow == "ffjord" ? "hutchinson" : "exact";
  return flow_options(solver);
}

void add_settings(Command& c, TrainSettings& s) {
  c.section("Data");
  add_data(c, s.images.data, "strokes (built in), mnist, omniglot, caltech, or an IDX or NPY file of images");
  c.add("train-images", s.images.train_images, "number of training images, from the first; 0 for all", not_negative);
  c.add("validation-images", s.images.validation_images, "number of validation images, from the first; 0 for all",
        not_negative);
  c.section("Model");
  c.add_choice("arch", s.model.arch, arch_names(), "fully connected layers, or gated convolutions");
  c.add("hidden", s.model.hidden, "width of the two hidden layers of mlp", at_least_one);
  c.add("latent", s.model.latent, "numbers in z", at_least_one);
  c.add_choice("flow", s.model.flow, flow_names(), "the flow of the posterior");
  c.add("num-flows", s.model.sizes.flows, "steps of the flow, or blocks of a continuous one; 0 for 4, or 1 block",
        not_negative);
  c.add("columns", s.model.sizes.columns, "of orthogonal: columns of Q", at_least_one);
  c.add("reflections", s.model.sizes.reflections, "of householder: reflections whose product is Q", at_least_one);
  c.add("flow-hidden", s.model.sizes.hidden,
        "widths of the hidden layers of iaf and ffjord, and of the conditioner of hollow; by default 320, 128,128 and "
        "128",
        at_least_one);
  add_activation(c, "activation", s.model.sizes.activation, "activation of ffjord and hollow");
  c.add("rank", s.model.sizes.rank,
        "of ffjord: rank of the part of the weights that depends on the image; 0 for biases only", not_negative);
  add_parts(c, s.model.sizes, "of hollow: ");
  c.add("end-time", s.model.sizes.end_time, "of ffjord and hollow: T, the end time of a block", positive);
  add_dtype(c, s.model.dtype);
  add_integrator(c, s.solver);
  c.add_choice("trace", s.solver.trace, Words{"auto", "exact", "brute-force", "hutchinson"},
               "how tr df/dz is computed in training; auto is exact for hollow, Hutchinson's estimate for ffjord");
  add_gradient(c, s.solver);
  c.section("Training");
  add_seed(c, s.images.seed);
  c.add("epochs", s.epochs, "total number of passes over the training images", at_least_one).not_in_checkpoint();
  c.add("warm-up", s.warm_up, "epochs over which the weight of the divergence rises to 1", not_negative);
  c.add("patience", s.patience, "epochs without a better validation bound after which training ends; 0 for no limit",
        not_negative)
      .not_in_checkpoint();
  add_batch_size(c, s.common.batch_size);
  add_threads(
      c, s.common,
      "cores to use. Each takes its own images of a batch. The same number repeats a run bit for bit; another number "
      "gives slightly different results and cannot resume the run");
  add_lr(c, s.common);
  c.add("clip", s.clip, "maximum norm of the gradient; 0 for no limit", not_negative);
  add_run(c, s.common);
  add_figures(c, s.common);
  add_log_every(c, s.common);
  add_debug_nans(c, s.common);
}

Command saved_command(TrainSettings& s) {
  Command c("dimwise-vae", "train", "");
  add_settings(c, s);
  c.add("image height", s.model.height, "", at_least_one);
  c.add("image width", s.model.width, "", at_least_one);
  c.add("batches of an epoch", s.batches, "", at_least_one);
  c.add("SHA-256 of the data", s.sha256, "");
  return c;
}

}  // namespace dimwise::app::vae
