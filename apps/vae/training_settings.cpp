#include "apps/vae/commands.hpp"
#include "apps/vae/training.hpp"
#include "hollow/net/any_hollow_net.hpp"

namespace dimwise::app::vae {

FlowOptions train_options(const TrainSettings& s) {
  SolverSettings solver = s.solver;
  if (solver.trace == "auto") solver.trace = s.model.flow == "ffjord" ? "hutchinson" : "exact";
  return flow_options(solver);
}

void add_settings(Command& c, TrainSettings& s) {
  c.section("Data");
  add_data(c, s.images.data, "strokes (built in), mnist, omniglot, caltech, or an IDX or NPY file of images");
  c.add("train-images", s.images.train_images, "train on the first so many; 0 for all", not_negative);
  c.add("validation-images", s.images.validation_images, "validate on the first so many; 0 for all", not_negative);
  c.section("Model");
  c.add_choice("arch", s.model.arch, arch_names(), "fully connected layers, or gated convolutions");
  c.add("hidden", s.model.hidden, "width of the two hidden layers of mlp", at_least_one);
  c.add("latent", s.model.latent, "numbers in z", at_least_one);
  c.add_choice("flow", s.model.flow, flow_names(), "what carries the posterior");
  c.add("num-flows", s.model.num_flows, "steps of the flow, or blocks of a continuous one; 0 for 4, or 1 block",
        not_negative);
  c.add("columns", s.model.columns, "of Q of orthogonal", at_least_one);
  c.add("reflections", s.model.reflections, "whose product is Q of householder", at_least_one);
  c.add("flow-hidden", s.model.flow_hidden,
        "widths of the hidden layers of iaf, ffjord, and of the conditioner of hollow; if not given 320, 128,128 and "
        "128",
        at_least_one);
  c.add_choice("activation", s.model.activation, Words{"tanh", "softplus", "silu", "sin"},
               "activation of ffjord and hollow");
  c.add("rank", s.model.rank, "of the part of ffjord's weights that an image changes; 0 for biases alone",
        not_negative);
  c.add_choice("conditioner", s.model.conditioner, conditioner_names(), "of hollow: what computes h_i");
  c.add_choice("transformer", s.model.transformer, transformer_names(), "of hollow: what computes f_i");
  c.add("d-h", s.model.d_h, "of hollow: numbers h_i given to the transformer for each dimension", at_least_one);
  c.add("transformer-hidden", s.model.transformer_hidden, "of hollow: widths of the transformer's hidden layers",
        at_least_one);
  c.add("end-time", s.model.end_time, "T, how long a block of ffjord or hollow goes on", positive);
  add_dtype(c, s.model.dtype);
  add_integrator(c, s.solver);
  c.add_choice("trace", s.solver.trace, Words{"auto", "exact", "brute-force", "hutchinson"},
               "how tr df/dz is computed in training; auto is exact for hollow, Hutchinson's estimate for ffjord");
  add_gradient(c, s.solver);
  c.section("Training");
  add_seed(c, s.images.seed);
  c.add("epochs", s.epochs, "passes over the training images in all", at_least_one).not_in_checkpoint();
  c.add("warm-up", s.warm_up, "epochs over which the weight of the divergence rises to 1", not_negative);
  c.add("patience", s.patience, "epochs without a better validation bound after which to end; 0 for never",
        not_negative)
      .not_in_checkpoint();
  add_batch_size(c, s.common.batch_size);
  add_threads(c, s.common,
              "cores to use, each for its own images of a batch. A number gives the same run bit for bit, another one "
              "that differs slightly and cannot resume it");
  add_lr(c, s.common);
  c.add("clip", s.clip, "longest gradient norm; 0 for any", not_negative);
  c.section("Run");
  add_out(c, s.common);
  add_resume(c, s.common);
  add_log_every(c, s.common);
  add_verbosity(c, s.common);
  add_debug_nans(c, s.common);
  add_json(c, s.common);
}

Command saved_command(TrainSettings& s) {
  Command c("dimwise-vae", "train", "");
  add_settings(c, s);
  c.add("image height", s.model.height, "", at_least_one);
  c.add("image width", s.model.width, "", at_least_one);
  c.add("batches of an epoch", s.batches, "", at_least_one);
  return c;
}

}  // namespace dimwise::app::vae
