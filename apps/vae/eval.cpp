#include <fmt/core.h>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/run/evaluation.hpp"
#include "apps/common/run/progress.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/common/run/saved_settings.hpp"
#include "apps/common/run/signals.hpp"
#include "apps/vae/commands.hpp"
#include "apps/vae/scores.hpp"
#include "nn/io/safetensors.hpp"

namespace dimwise::app::vae {

namespace {

using Json = nlohmann::ordered_json;

struct EvalSettings {
  CommonFlags common{.out = "runs/vae"};
  std::string weights = "best";
  ScoreSettings score;
  SolverSettings solver{.trace = "exact", .rtol = 1e-4, .atol = 1e-4};
};

// The finished part of an evaluation, so that it can be continued.
class PartialScores {
 public:
  // The part saved under the same settings, or nothing.
  PartialScores(std::string path, const Json& settings) : path_(std::move(path)), settings_(settings.dump()) {
    if (!std::filesystem::exists(path_)) return;
    try {
      const SafeTensors saved = load_safetensors(path_);
      if (saved.metadata.at("settings") != settings_) return;
      const auto numbers = [&](const char* name) { return saved.tensors.at(name).values(); };
      const std::vector<double> counts = numbers("counts");
      scores.reconstruction = numbers("reconstruction");
      scores.divergence = numbers("divergence");
      scores.nll = numbers("nll");
      scores.elbo_chunks = static_cast<int64_t>(counts.at(0));
      scores.nll_chunks = static_cast<int64_t>(counts.at(1));
      scores.evaluations = counts.at(2);
    } catch (const std::exception& unusable) {
      std::cerr << "dimwise-vae: warning: starting again: " << path_ << ": " << unusable.what() << '\n';
      scores = {};
    }
  }

  bool empty() const { return scores.elbo_chunks == 0; }
  void save() const {
    save_safetensors(path_,
                     {{"reconstruction", tensor(scores.reconstruction, DType::float64)},
                      {"divergence", tensor(scores.divergence, DType::float64)},
                      {"nll", tensor(scores.nll, DType::float64)},
                      {"counts", tensor({static_cast<double>(scores.elbo_chunks),
                                         static_cast<double>(scores.nll_chunks), scores.evaluations},
                                        DType::float64)}},
                     {{"settings", settings_}});
  }
  void remove() const { std::filesystem::remove(path_); }

  Scores scores;

 private:
  std::string path_, settings_;
};

Json to_json(const Mean& m) { return {{"mean", m.mean}, {"standard_error", m.standard_error}, {"images", m.count}}; }

void report(const EvalSettings& s, const SavedRun& run, const Images& images, const Json& settings,
            const Scores& scores) {
  const Mean elbo = negative_elbo(scores), nll = mean_of(scores.nll);
  const double evaluations = scores.evaluations / static_cast<double>(scores.elbo_chunks);
  const ModelSettings& model = run.settings.model;
  const Json result{{"checkpoint", std::filesystem::path(run.path).filename().string()},
                    {"epoch", run.epoch},
                    {"best_epoch", run.best_epoch},
                    {"train_images", images.train.dim(0)},
                    {"parameters", num_parameters(run.model)},
                    {"flow_parameters", num_parameters(run.model.flow)},
                    {"negative_elbo", to_json(elbo)},
                    {"reconstruction", to_json(mean_of(scores.reconstruction))},
                    {"divergence", to_json(mean_of(scores.divergence))},
                    {"nll", to_json(nll)},
                    {"evaluations", evaluations},
                    {"settings", settings}};
  std::string text = fmt::format("checkpoint      {}, {} weights\n", run.path, s.weights);
  text += fmt::format("model           {}\n", describe(model));
  text += fmt::format("-ELBO           {} nats, {} test images, one draw of z each\n", with_error(elbo, 3), elbo.count);
  text += fmt::format("                {:.3f} reconstruction, {:.3f} divergence\n", mean_of(scores.reconstruction).mean,
                      mean_of(scores.divergence).mean);
  text += fmt::format("NLL             {} nats, {} test images, {} draws of z each\n", with_error(nll, 3), nll.count,
                      s.score.samples);
  if (continuous(model.flow))
    text += fmt::format("evaluations     {:.1f} of the dynamics in a solve, trace {}\n", evaluations, s.solver.trace);
  report_evaluation(s.common, result, text);
}

void evaluate(const EvalSettings& s, const Command& self) {
  const StopSignals stop;
  SavedRun run = load_run(s.common.out, s.weights);
  const Images images = load_images(run);
  // All that the numbers depend on.
  Json settings{{"step", run.step}, {"training", saved_settings(saved_command(run.settings))}};
  settings.update(saved_settings(self));
  PartialScores partial(result_folder(s.common.out) + "/eval-partial.safetensors", settings);
  if (!partial.empty() && !s.common.quiet) std::cerr << "continuing an interrupted evaluation\n";
  ThreadPool pool(static_cast<int>(s.common.threads));
  using Clock = std::chrono::steady_clock;
  Clock::time_point saved = Clock::now();
  std::unique_ptr<Progress> progress;
  bool all = false;
  score(partial.scores, run.model, images.test, s.score, flow_options(s.solver), pool,
        [&](int64_t done, int64_t total) {
          // Created here, so that the speed does not count earlier chunks.
          if (!progress)
            progress = std::make_unique<Progress>(total, done, progress_style(s.common.quiet, s.common.no_progress));
          Tick tick{.step = done, .loss = negative_elbo(partial.scores).mean};
          if (!partial.scores.nll.empty()) tick.more = fmt::format("nll {:f}", mean_of(partial.scores.nll).mean);
          progress->update(tick);
          all = done == total;
          if (!all && (stop.pending() || Clock::now() - saved > std::chrono::seconds(20))) {
            partial.save();
            saved = Clock::now();
          }
          return !stop.pending();
        });
  if (progress) progress->finish();
  if (stop.pending() && !all)
    throw Interrupted(stop.pending(), "the finished part is saved; repeat the command to continue");
  report(s, run, images, settings, partial.scores);
  partial.remove();
}

}  // namespace

void add_eval(App& app) {
  const auto s = std::make_shared<EvalSettings>();
  Command& c = app.command("eval", "computes -ELBO and the importance-sampled log-likelihood of the test images");
  c.example("eval --out runs/strokes --samples 500", "Score the test images");
  c.example("eval --out runs/mnist --threads 2", "With 5,000 draws for each image, as in the literature");
  c.section("Score");
  c.add_choice("weights", s->weights, Words{"best", "last"}, "the best on the validation set, or the last");
  c.add("samples", s->score.samples, "draws of z for the log-likelihood of each image", at_least_one);
  c.add("elbo-images", s->score.elbo_images, "number of test images for -ELBO, from the first; 0 for all",
        not_negative);
  c.add("nll-images", s->score.nll_images, "number of test images for the log-likelihood, from the first; 0 for all",
        not_negative);
  c.add("batch-size", s->score.batch_size, "draws of z in memory at a time, for each thread", at_least_one);
  add_solver(c, s->solver);
  c.section("Run");
  add_out(c, s->common);
  add_seed(c, s->score.seed);
  add_threads(c, s->common, "cores to use; the results do not depend on it").not_in_checkpoint();
  add_verbosity(c, s->common);
  add_json(c, s->common);
  c.does([s](const Command& self) { evaluate(*s, self); });
}

}  // namespace dimwise::app::vae
