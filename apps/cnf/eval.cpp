#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "apps/cnf/commands.hpp"
#include "apps/cnf/scored_rows.hpp"
#include "apps/common/run/evaluation.hpp"
#include "nn/distributions/multivariate_normal.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::cnf {

namespace {

// The mean log-likelihood of a Gaussian with full covariance, conditional on the first `given` columns, that is fitted
// to the training rows.
double gaussian_log_likelihood(const Tensor& train, const Tensor& x, int64_t given) {
  const auto of_columns = [&](int64_t end) {
    return MultivariateNormal::fit(slice(train, 1, 0, end)).log_prob(slice(x, 1, 0, end));
  };
  const Tensor joint = of_columns(x.dim(1));
  return mean(given == 0 ? joint : joint - of_columns(given)).item();
}

void add_baseline(const ScoredRows& data, double flow, nlohmann::ordered_json& result, std::string& text) {
  if (data.source.density) {
    const double entropy = data.source.density->entropy;
    result["entropy"] = entropy;
    result["gap"] = -flow - entropy;
    text += fmt::format("entropy          {:.4f} nats; the model is {:.4f} above it\n", entropy, -flow - entropy);
  } else if (data.train.defined()) {
    try {
      const double gaussian = gaussian_log_likelihood(data.train, data.x, data.source.given);
      result["gaussian_log_likelihood"] = gaussian;
      text +=
          fmt::format("full Gaussian    {:.4f} nats a row, fitted to the same training rows: the model is {:+.4f}\n",
                      gaussian, flow - gaussian);
    } catch (const ValueError& singular) {
      text += fmt::format("full Gaussian    none: {}\n", singular.what());
    }
  }
}

void evaluate(const ScoreSettings& s) {
  const SavedRun run = load_run(s.common.out, s.weights);
  const ScoredRows data = load_scored("eval", s, run);
  const Likelihood l = score_rows(s, run, data.x).likelihood();
  nlohmann::ordered_json result{
      {"checkpoint", run.path},   {"data", data.source.name},           {"rows", l.count},
      {"log_likelihood", l.mean}, {"standard_error", l.standard_error}, {"evaluations", l.evaluations},
      {"trace", s.solver.trace}};
  std::string text = fmt::format("checkpoint       {}\n", run.path);
  text += fmt::format("data             {}\n", data.text());
  text += fmt::format("log-likelihood   {} nats a row ({} trace)\n", with_error(l), s.solver.trace);
  add_baseline(data, l.mean, result, text);
  text += fmt::format("evaluations      {:.1f} of the dynamics for each solve\n", l.evaluations);
  report_evaluation(s.common, result, text);
}

}  // namespace

void add_eval(App& app) {
  const auto s = std::make_shared<ScoreSettings>();
  Command& c = app.command("eval", "prints the log-likelihood of held-out rows, and writes it into OUT/eval.json");
  c.example("eval --out runs/moons", "Score the test part of the data it was trained on");
  c.example("eval --out runs/faithful --data new.csv", "Score all rows of another file");
  c.example("eval --out runs/moons --trace hutchinson --json", "The same with an estimated trace, for a program");
  c.section("Run");
  add_scored(c, *s);
  c.does([s](const Command&) { evaluate(*s); });
}

}  // namespace dimwise::app::cnf
