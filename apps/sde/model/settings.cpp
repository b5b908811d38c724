#include "apps/sde/model/settings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/lists.hpp"
#include "apps/common/cli/net_settings.hpp"
#include "apps/sde/commands.hpp"

namespace dimwise::app::sde {

void add_system(Command& c, SystemOptions& options) {
  c.add("d", options.d, "dimension of coupled, 2 to 64", at_least_one);
  c.add("sigma", options.sigma, "noise of double-well", positive);
}

void add_paths(Command& c, SimulationSettings& s) {
  c.add("paths", s.paths, "number of paths of a built-in system, distributed evenly over its initial laws",
        at_least_one);
  c.add("observations", s.observations, "of each path, the first at t = 0; 0 for the default of the system",
        not_negative);
  c.add_choice("times", s.times, Words{"uniform", "random"}, "equal or irregular intervals, the same for all paths");
  c.add("end-time", s.end, "time of the last observation; 0 for the default of the system", not_negative);
  c.add("unpaired", s.unpaired, "observe each path once: there are as many paths as observations");
}

void add_settings(Command& c, FitSettings& s) {
  c.section("Data");
  add_data(c, s.data.data,
           fmt::format("a built-in system ({}) or a .csv, .npy or .npz file of rows t, path, x1 ...",
                       fmt::join(sde_system_names(), ", ")));
  c.add("time", s.data.file.roles.time,
        "the column of times, numbers or dates of ISO 8601; by default t, time, date, datetime or timestamp")
      .placeholder = "NAME";
  c.add("path", s.data.file.roles.path, "the column with the path's number or label; by default path or id")
      .placeholder = "NAME";
  c.add("group", s.data.file.roles.group, "the column with the number or label of the initial law; by default group")
      .placeholder = "NAME";
  c.add("window", s.data.file.window,
        "the rows of a path are a series: cut it into windows of this length, each from t = 0; 0 for no series",
        not_negative);
  c.add("interval", s.data.file.interval, "time between the rows of a series", positive);
  c.add_choice("transform", s.transform, Words{"none", "log"}, "transform of x");
  c.add("truth", s.data.truth, "the built-in system that the file is a sample of, to compute errors").placeholder =
      "NAME";
  c.add("test-share", s.data.test_share, "share of the paths that is held out; the last ones of a series",
        Range{.min = 0, .max = 0.9, .above_min = true});
  c.add("keep", s.data.keep, "share of the training observations that is used, drawn by seed",
        Range{.min = 0, .max = 1, .above_min = true});
  c.add("bootstrap", s.data.bootstrap,
        "number of a bootstrap sample: as many training paths, drawn with replacement; 0 for the paths themselves",
        not_negative);
  add_system(c, s.data.system);
  add_paths(c, s.data.simulation);
  add_table(c, s.table);
  c.section("Equation");
  c.add(
       "diffusion", s.diffusion,
       "g of each component, learned or its value, such as learned,0; by default the known values of a built-in system")
      .placeholder = "LIST";
  c.add("time-dependent", s.model.net.time, "let f and g depend on time; they are then not identifiable");
  add_net(c, s.model.net);
  add_dtype(c, s.model.net.dtype);
  c.section("Density");
  c.add_choice("density", s.model.density, Words{"mixture", "flow"},
               "p(t, x): a mixture of normal distributions that move with time, or a flow through time");
  c.add("components", s.model.components, "of the mixture", at_least_one);
  c.add("density-hidden", s.model.density_hidden, "widths of the density's hidden layers", at_least_one);
  add_activation(c, "density-activation", s.model.density_activation, "activation of the density's layers");
  c.add("flow-steps", s.model.flow_steps, "steps of a solve of the flow", at_least_one);
  c.add_choice("initial", s.model.initial, Words{"groups", "start"},
               "the information about the start of a path that the density gets: its group, or its first observation");
  c.section("Fit");
  c.add_choice("method", s.method, Words{"fokker-planck", "euler"},
               "match the Fokker-Planck equation of a density, or maximize the Euler pseudo-likelihood of "
               "consecutive observations");
  c.add_choice("fit", s.fit, Words{"two-stage", "joint"},
               "after the density, fit the equation alone, or both together");
  c.add("density-share", s.density_share, "share of the training that fits the density alone",
        Range{.min = 0, .max = 0.95, .above_min = true});
  c.add_choice(
      "residual", s.residual, Words{"weak", "l1", "l2"},
      "against test functions, which averages errors of the density; or mean absolute value or square at points");
  c.add_choice("space", s.space, Words{"log-p", "p"}, "of l1 and l2: residual of the rate of log p, or of p");
  c.add_choice("points", s.points, Words{"data", "model", "both"},
               "of l1 and l2: at observations, at points drawn from the density at any time, or both");
  c.add("lambda", s.lambda, "weight of the residual relative to the negative log-likelihood", positive);
  c.add("lambda-ramp", s.lambda_ramp,
        "of joint: share of the training after the density over which the weight rises from 0",
        Range{.min = 0, .max = 1});
  add_seed(c, s.data.seed);
  add_steps(c, s.common);
  add_batch_size(c, s.common.batch_size);
  add_lr(c, s.common);
  c.add("warm-up", s.warm_up, "steps over which the learning rate rises; it follows half a cosine down to 0",
        not_negative);
  c.add("clip", s.clip, "maximum norm of the gradient", positive);
  add_threads(c, s.common, "threads that share a batch; the same number repeats a run bit for bit");
  add_run(c, s.common);
  add_log_every(c, s.common);
  add_eval_every(c, s.common);
  add_debug_nans(c, s.common);
}

Command train_command(FitSettings& s) {
  Command c("dimwise-sde", "train", "");
  add_settings(c, s);
  return c;
}

Command saved_command(FitSettings& s) {
  Command c = train_command(s);
  c.add("SHA-256 of the data", s.sha256, "");
  c.add("number of observations", s.observations, "");
  return c;
}

DataSettings data_settings(const FitSettings& s) {
  DataSettings data = s.data;
  data.file.table = csv_options(s.table);
  data.file.logarithm = s.transform == "log";
  return data;
}

std::vector<std::optional<double>> known_diffusion(const FitSettings& s, const Dataset& data) {
  const auto d = static_cast<size_t>(data.train.d());
  if (s.diffusion.empty()) return data.truth ? data.truth->known_diffusion : std::vector<std::optional<double>>(d);
  std::vector<std::optional<double>> known;
  for (const std::string& word : words_of(s.diffusion)) {
    if (word == "learned") {
      known.emplace_back();
      continue;
    }
    std::istringstream number(word);
    double value = -1;
    if (!(number >> value) || !number.eof() || value < 0)
      fail<UsageError>("--diffusion", "has \"", word, "\". Each entry is learned or a number of at least 0.");
    known.emplace_back(value);
  }
  if (known.size() != d)
    fail<UsageError>("--diffusion", "must have one entry for each of the ", d, " components of x, not ", known.size(),
                     ".");
  return known;
}

}  // namespace dimwise::app::sde
