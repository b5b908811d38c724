#include <fmt/core.h>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/common/run/evaluation.hpp"
#include "apps/sde/commands.hpp"
#include "apps/sde/model/saved_run.hpp"
#include "apps/sde/model/scores.hpp"

namespace dimwise::app::sde {

namespace {

struct EvalSettings {
  CommonFlags common{.out = "runs/sde"};
};

nlohmann::ordered_json to_json(const Mean& s) { return {{"mean", s.mean}, {"standard_error", s.standard_error}}; }

void evaluate(const EvalSettings& s) {
  const SavedRun fit = load_run(s.common.out);
  nlohmann::ordered_json j{{"checkpoint", fit.path}, {"data", fit.data.name}, {"held_out", fit.data.test.size()}};
  std::string text = fmt::format("checkpoint      {}\n", fit.path);
  text += fmt::format("data            {}, {} held-out observations of {} paths\n", fit.data.name, fit.data.test.size(),
                      fit.data.test.paths());
  if (fit.data.truth) {
    const Errors e = errors(fit.model, *fit.data.truth, fit.known, fit.data.test);
    j["drift_error"] = e.mean_drift;
    j["diffusion_error"] = e.mean_diffusion;
    j["drift_errors"] = e.drift;
    j["diffusion_errors"] = e.diffusion;
    for (size_t i = 0; i < std::min<size_t>(fit.known.size(), 8); ++i)
      text += fmt::format("{:<15} mean absolute error of f {:.4f}, of g {:.4f}{}\n", fit.data.test.columns[i],
                          e.drift[i], e.diffusion[i], fit.known[i] ? " (known)" : "");
    text += fmt::format("mean            of f {:.4f}, of g {:.4f} over the learned components\n", e.mean_drift,
                        e.mean_diffusion);
  }
  if (fit.settings.method != "euler") {
    const Mean density = density_score(fit);
    j["density_log_likelihood"] = to_json(density);
    text += fmt::format("density         {} nats an observation\n", with_error(density));
    if (const auto excess = density_excess(fit)) {
      j["truth_minus_density"] = to_json(*excess);
      text += fmt::format("                the true density has {}\n", signed_with_error(*excess));
    }
  }
  if (const auto t = transition_scores(fit)) {
    j["transition_log_likelihood"] = to_json(t->learned);
    j["random_walk_log_likelihood"] = to_json(t->random_walk);
    j["transition_minus_random_walk"] = to_json(t->gain);
    text += fmt::format("one Euler step  {} nats an observation under the learned f and g\n", with_error(t->learned));
    text +=
        fmt::format("random walk     {} with drift, fitted to the same observations: the learned equation is {}, {}\n",
                    with_error(t->random_walk), t->gain.mean > 0 ? "better" : "worse", signed_with_error(t->gain));
  } else {
    const bool paired = !pairs(fit.data.test).empty() && !pairs(fit.data.train).empty();
    text += fmt::format("one Euler step  {}: not scored\n",
                        paired ? "no component has noise" : "no path has two observations");
  }
  const std::vector<std::string> known = limits(fit.settings, fit.data);
  j["limits"] = known;
  for (const std::string& limit : known) text += "note            " + limit + "\n";
  report_evaluation(s.common, j, text);
}

}  // namespace

void add_eval(App& app) {
  const auto s = std::make_shared<EvalSettings>();
  Command& c = app.command("eval", "computes errors of f and g if the truth is known, and held-out log-likelihoods");
  c.example("eval --out runs/well", "Score the held-out paths");
  c.example("eval --out runs/well --json", "The same for a program");
  c.section("Run");
  add_out(c, s->common);
  add_json(c, s->common);
  c.does([s](const Command&) { evaluate(*s); });
}

}  // namespace dimwise::app::sde
