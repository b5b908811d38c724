#include <fmt/core.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/cnf/commands.hpp"
#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cnf/saved_run.hpp"
#include "nn/distributions/multivariate_normal.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::cnf {

namespace {

struct EvalSettings {
  CommonFlags common{.out = "runs/cnf"};
  std::string data, weights = "best";
  TableSettings table;
  SolverSettings solver;
};

// The data to score: those of the training, or others of the same columns.
Dataset scored(const EvalSettings& s, const SavedRun& saved) {
  if (s.data.empty()) {
    if (s.table != TableSettings{})
      fail<UsageError>("eval", "the flags of a table are for --data. Without it, the data of the training are scored.");
    return load_dataset(saved);
  }
  DataSettings source = saved.settings.data;
  source.data = s.data;
  source.table = s.table;
  Dataset data = load_dataset(source);
  const std::vector<std::string> columns = column_names(saved.settings);
  if (data.columns.size() != columns.size())
    fail<DataError>("eval", data.name, " has ", data.columns.size(), data.columns.size() == 1 ? " column" : " columns",
                    ", but the model has ", columns.size(), ": ", listed(columns), ". Name them by --columns.");
  if (data.named && !saved.settings.columns.empty() && data.columns != columns)
    fail<DataError>("eval", data.name, " has the columns ", listed(data.columns), ", but the model has ",
                    listed(columns), ". Name them in this order by --columns.");
  return data;
}

void evaluate(const EvalSettings& s) {
  const SavedRun saved = load_run(s.common.out, s.weights);
  const Dataset data = scored(s, saved);
  FlowOptions options = flow_options(s.solver);
  options.noise = Rng(static_cast<uint64_t>(s.common.seed)).split("noise");
  ThreadPool pool(static_cast<int>(s.common.threads));
  const Likelihood l = likelihood(pool, saved.model, data.test, options);

  nlohmann::json result{{"checkpoint", saved.path},
                        {"data", data.name},
                        {"rows", l.count},
                        {"log_likelihood", l.mean},
                        {"standard_error", l.standard_error},
                        {"evaluations", l.evaluations},
                        {"trace", s.solver.trace}};
  std::string text = fmt::format("checkpoint       {}\n", saved.path);
  text += fmt::format("data             {}, {} held-out rows\n", data.name, l.count);
  text += fmt::format("log-likelihood   {} nats a row ({} trace)\n", with_error(l), s.solver.trace);
  if (data.density) {
    result["entropy"] = data.density->entropy;
    result["gap"] = -l.mean - data.density->entropy;
    text += fmt::format("entropy          {:.4f} nats; the model is {:.4f} above it\n", data.density->entropy,
                        -l.mean - data.density->entropy);
  } else {
    const MultivariateNormal baseline = MultivariateNormal::fit(data.train);
    const double gaussian = mean(baseline.log_prob(data.test)).item();
    result["gaussian_log_likelihood"] = gaussian;
    text += fmt::format("full Gaussian    {:.4f} nats a row, fitted to the same training rows: the model is {:+.4f}\n",
                        gaussian, l.mean - gaussian);
  }
  text += fmt::format("evaluations      {:.1f} of the dynamics for each solve\n", l.evaluations);
  if (s.common.json)
    std::cout << result.dump() << '\n';
  else
    std::cout << text;
}

}  // namespace

void add_eval(App& app) {
  const auto s = std::make_shared<EvalSettings>();
  Command& c = app.command("eval", "prints the held-out log-likelihood of a trained flow");
  c.example("eval --out runs/moons", "Score the test part of the data it was trained on");
  c.example("eval --out runs/moons --trace hutchinson --json", "The same with an estimated trace, for a program");
  c.section("Run");
  add_out(c, s->common);
  add_data(c, s->data, "other data than the training's: a density or a file, whose test part is scored");
  c.add_choice("weights", s->weights, Words{"best", "average", "last"}, "the saved weights to use");
  add_seed(c, s->common.seed);
  add_threads(c, s->common, "cores to use; the results do not depend on it");
  add_json(c, s->common);
  add_table(c, s->table);
  add_solver(c, s->solver);
  c.does([s](const Command&) { evaluate(*s); });
}

}  // namespace dimwise::app::cnf
