#include "apps/ode/fit/settings.hpp"

#include "apps/common/cli/net_settings.hpp"

namespace dimwise::app::ode {

void add_settings(Command& c, FitSettings& s) {
  using Words = std::vector<std::string>;
  c.section("Data");
  c.add("data", s.data.data, "a .csv, .npy or .npz file of rows t, path, x1 ...; times may differ for each path")
      .placeholder = "PATH";
  c.add("time", s.data.file.roles.time,
        "the column of times, numbers or dates of ISO 8601; by default t, time, date, datetime or timestamp")
      .placeholder = "NAME";
  c.add("path", s.data.file.roles.path,
        "the column with the path's number or label; by default path or id; without, all rows are one path")
      .placeholder = "NAME";
  c.add("test-share", s.data.test_share,
        "share of the paths that is held out, at least one; of a single path, of its observations, the last ones",
        Range{.min = 0, .max = 0.9, .above_min = true});
  c.add("validation-share", s.data.validation_share,
        "share of the rest that chooses the weights, held out likewise; 0 to keep the last weights",
        Range{.min = 0, .max = 0.9});
  add_table(c, s.table);
  c.section("Model");
  c.add_choice("model", s.model.kind, Words{"hollow", "mlp"},
               "dx/dt: a HollowNet, or an MLP of layers --hidden, by default 64,64");
  c.add("time-dependent", s.model.net.time, "let dx/dt depend on the time, not on x alone");
  add_net(c, s.model.net);
  add_dtype(c, s.model.net.dtype);
  add_integrator(c, s.solver);
  add_gradient(c, s.solver);
  c.section("Fit");
  c.add_choice("shooting", s.shooting, Words{"multiple", "whole"},
               "solve from the first observation of short segments, or of whole paths");
  c.add("segment", s.segment, "of multiple: observations of a segment, the start included", Range{.min = 2});
  add_seed(c, s.data.seed);
  add_steps(c, s.common);
  c.add("batch-size", s.common.batch_size, "segments or paths in one step", at_least_one);
  add_threads(c, s.common, "threads that share a batch; the same number repeats a run bit for bit");
  add_lr(c, s.common);
  c.add("warm-up", s.warm_up, "steps over which the learning rate rises; it follows half a cosine down to 0",
        not_negative);
  c.add("weight-decay", s.weight_decay, "decoupled weight decay of AdamW", not_negative);
  c.add("clip", s.clip, "maximum norm of the gradient", positive);
  add_run(c, s.common);
  add_log_every(c, s.common);
  add_eval_every(c, s.common);
  add_debug_nans(c, s.common);
  c.add("forecast", s.forecast, "how far forecasts go beyond the last observation, in lengths of the observed interval",
        not_negative)
      .not_in_checkpoint();
  add_figures(c, s.common);
}

Command saved_command(FitSettings& s) {
  Command c("dimwise-ode", "fit", "");
  add_settings(c, s);
  c.add("number of components", s.model.net.d, "", at_least_one);
  c.add("number of paths to train on", s.model.paths, "", at_least_one);
  c.add("names of the components", s.columns, "");
  c.add("SHA-256 of the data", s.sha256, "");
  return c;
}

TrajectorySettings trajectory_settings(const FitSettings& s) {
  TrajectorySettings data = s.data;
  data.file.table = csv_options(s.table);
  data.file.deterministic = true;
  return data;
}

}  // namespace dimwise::app::ode
