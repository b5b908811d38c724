#include "apps/cnf/settings.hpp"

#include "apps/cnf/commands.hpp"

namespace dimwise::app {

namespace {

void add_model(Command& c, ModelSettings& s) {
  c.section("Model");
  c.add_choice("conditioner", s.conditioner, conditioner_names(), "computes h_i from the other x_j");
  c.add_choice("transformer", s.transformer, transformer_names(), "computes f_i from x_i and h_i");
  c.add("hidden", s.hidden, "widths of the conditioner's hidden layers", at_least_one);
  c.add("d-h", s.d_h, "numbers h_i given to the transformer for each dimension", at_least_one);
  c.add("transformer-hidden", s.transformer_hidden, "widths of the transformer's hidden layers", at_least_one);
  c.add_choice("activation", s.activation, Words{"tanh", "softplus", "silu", "sigmoid", "gelu", "sin"},
               "activation of all layers");
  c.add("blocks", s.blocks, "flows in sequence, each solved separately", at_least_one);
  c.add("end-time", s.end_time, "T, the time from the base to the data", positive);
  add_dtype(c, s.dtype);
}

// The data determine it.
void add_columns(Command& c, ModelSettings& s) { c.add("number of columns", s.d, "", at_least_one); }

}  // namespace

void add_settings(Command& c, TrainSettings& s) {
  c.section("Data");
  add_data(c, s.data.data,
           "a built-in density (8gaussians, 2spirals, checkerboard, pinwheel, rings, moons, swissroll, circles) or a "
           ".csv or .npy file");
  c.add_choice("transform", s.data.transform, Words{"none", "log-returns"}, "transform of a file's columns");
  c.add("validation-share", s.data.validation, "share of a file's rows to validate on",
        Range{.min = 0, .max = 0.5, .above_min = true});
  c.add("test-share", s.data.test, "share of a file's rows kept for eval",
        Range{.min = 0, .max = 0.5, .above_min = true});
  add_model(c, s.model);
  add_solver(c, s.solver);
  add_gradient(c, s.solver);
  c.section("Training");
  add_seed(c, s.data.seed);
  add_steps(c, s.common);
  c.add("minutes", s.minutes,
        "train for this long instead of --steps; 0 for steps. The schedule then follows the clock, so a run cannot be "
        "repeated bit for bit",
        not_negative)
      .not_in_checkpoint();
  add_batch_size(c, s.common.batch_size);
  add_threads(c, s.common,
              "cores to use. Each solves its own rows of a batch with its own steps. The same number repeats a run bit "
              "for bit; "
              "another number gives slightly different results and cannot resume the run");
  add_lr(c, s.common);
  c.add("warm-up", s.warm_up, "steps over which the learning rate rises; it follows half a cosine down to 0",
        not_negative);
  c.add("weight-decay", s.weight_decay, "decoupled weight decay of AdamW", not_negative);
  c.add("clip", s.clip, "maximum norm of the gradient", positive);
  c.add("ema", s.ema, "decay of the moving average of the weights, which is evaluated",
        Range{.min = 0, .max = 0.999999});
  c.add("kinetic", s.kinetic, "weight of the kinetic energy, the integral of |f|^2 / d", not_negative);
  c.add("jacobian", s.jacobian, "weight of the Jacobian diagonal's energy, the integral of |D f|^2 / d", not_negative);
  c.section("Run");
  add_out(c, s.common);
  add_resume(c, s.common);
  add_log_every(c, s.common);
  add_eval_every(c, s.common);
  add_verbosity(c, s.common);
  add_debug_nans(c, s.common);
  add_json(c, s.common);
}

Command saved_command(TrainSettings& s) {
  Command c("dimwise-cnf", "train", "");
  add_settings(c, s);
  add_columns(c, s.model);
  return c;
}

Command fixed_command(TrainSettings& s) {
  Command c("dimwise-cnf", "train", "");
  add_columns(c, s.model);
  add_model(c, s.model);
  add_threads(c, s.common, "");
  return c;
}

}  // namespace dimwise::app
