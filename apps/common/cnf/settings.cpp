#include "apps/common/cnf/settings.hpp"

#include "apps/cnf/commands.hpp"
#include "apps/common/cli/net_settings.hpp"

namespace dimwise::app::cnf {

namespace {

void add_model(Command& c, ModelSettings& s) {
  c.section("Model");
  add_net(c, s.net);
  c.add("blocks", s.blocks, "flows in sequence, each solved separately", at_least_one);
  c.add("end-time", s.end_time, "T, the time from the base to the data", positive);
  add_dtype(c, s.net.dtype);
}

// The data determine it.
void add_columns(Command& c, TrainSettings& s) {
  c.add("number of columns", s.model.net.d, "", at_least_one);
  c.add("number of given columns", s.model.net.context, "", not_negative);
  c.add("names of the columns", s.columns, "");
  c.add("SHA-256 of the data", s.sha256, "");
  c.add("number of rows", s.rows, "");
}

}  // namespace

void add_settings(Command& c, TrainSettings& s) {
  c.section("Data");
  add_data(c, s.data.data,
           "a built-in density (8gaussians, 2spirals, checkerboard, pinwheel, rings, moons, swissroll, circles) or a "
           "table in a .csv (also .csv.gz) or .npy file");
  c.add("given", s.data.given,
        "columns of a file that are given: the density of the others is learned for all their values")
      .placeholder = "LIST";
  c.add_choice("transform", s.data.transform, Words{"none", "log-returns"}, "transform of a file's columns");
  c.add("validation-share", s.data.validation, "share of a file's rows to validate on",
        Range{.min = 0, .max = 0.5, .above_min = true});
  c.add("test-share", s.data.test, "share of a file's rows kept for eval",
        Range{.min = 0, .max = 0.5, .above_min = true});
  add_table(c, s.data.table);
  add_model(c, s.model);
  add_solver(c, s.solver);
  add_gradient(c, s.solver);
  c.section("Training");
  add_seed(c, s.data.seed);
  add_steps(c, s.common);
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
  add_run(c, s.common);
  add_log_every(c, s.common);
  add_eval_every(c, s.common);
  add_debug_nans(c, s.common);
}

Command saved_command(TrainSettings& s) {
  Command c("dimwise-cnf", "train", "");
  add_settings(c, s);
  add_columns(c, s);
  return c;
}

}  // namespace dimwise::app::cnf
