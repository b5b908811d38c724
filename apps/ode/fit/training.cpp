#include "apps/ode/fit/training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/common/run/training_run.hpp"
#include "apps/ode/fit/report.hpp"
#include "apps/ode/fit/scores.hpp"
#include "autodiff/debug/detect_anomaly.hpp"
#include "nn/data/loader.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/schedule.hpp"
#include "nn/parallel/value_and_grad_parallel.hpp"
#include "ops/arithmetic.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::ode {

namespace {

// The state of a run, which a checkpoint saves.
struct Fitting {
  FitModel model;
  AdamW optimizer;
  FitModel best;
  double best_error = std::numeric_limits<double>::infinity();
  int64_t best_step = 0;
  double mean_loss = 0;  // running
};

std::map<std::string, Tensor> to_tensors(const Fitting& s) {
  std::map<std::string, Tensor> all = state_dict(s.model, "model.");
  all.merge(s.optimizer.state_dict("optimizer."));
  all.merge(state_dict(s.best, "best."));
  all.emplace("meters", tensor({s.best_error, static_cast<double>(s.best_step), s.mean_loss}, DType::float64));
  return all;
}

void restore(Fitting& s, const Checkpoint& checkpoint) {
  load_state_dict(s.model, checkpoint.tensors, "model.");
  s.optimizer.load_state_dict(checkpoint.tensors, "optimizer.");
  load_state_dict(s.best, checkpoint.tensors, "best.");
  const std::vector<double> values = read_meters(checkpoint, 3);
  s.best_error = values[0];
  s.best_step = static_cast<int64_t>(values[1]);
  s.mean_loss = values[2];
}

class Fit {
 public:
  Fit(const FitSettings& settings, const Command& command)
      : settings_(settings),
        run_(settings.common,
             "Start a new run with a smaller --lr, --clip or --segment, or resume with --debug-nans to find the op."),
        data_(load_trajectories(trajectory_settings(settings))),
        segments_(settings.shooting == "whole" ? whole_paths(data_.train) : windows(data_.train, settings.segment)),
        loader_({.size = static_cast<int64_t>(segments_.size()),
                 .batch = std::min(settings.common.batch_size, static_cast<int64_t>(segments_.size())),
                 .seed = static_cast<uint64_t>(settings.data.seed),
                 .drop_last = true}),
        pool_(static_cast<int>(settings.common.threads)),
        options_(flow_options(settings.solver).ode),
        state_(first_state()),
        points_(own_points(state_.model, data_.train)) {
    run_.begin(command, saved_command(settings_));
  }

  void run() {
    announce();
    run_.run({.step = [this] { return step(); },
              .tensors = [this] { return to_tensors(state_); },
              .evaluate = [this] { evaluate(); }});
    report_fit(settings_, data_,
               {.model = state_.best,
                .step = run_.step(),
                .best_step = state_.best_step,
                .best_error = state_.best_error,
                .last_error = data_.validation ? whole_path_error(state_.model, *data_.validation, options_) : 0,
                .checkpoint = run_.saved(),
                .folder = run_.folder().path()});
  }

 private:
  // The initial state, or that of a checkpoint. Nothing is written until this succeeds.
  Fitting first_state() {
    settings_.model.net.d = data_.train.d();
    settings_.model.paths = data_.train.paths();
    settings_.columns = fmt::format("{}", fmt::join(data_.train.columns, "\n"));
    settings_.sha256 = data_.sha256;
    Fitting s;
    s.model = make_model(settings_.model, Rng(static_cast<uint64_t>(settings_.data.seed)).split("model"));
    set_units(s.model, data_.train);
    s.optimizer.weight_decay = settings_.weight_decay;
    s.best = s.model;
    if (!run_.resumed()) return s;
    run_.check_same(saved_command(settings_));
    restore(s, *run_.resumed());
    return s;
  }

  void announce() {
    run_.say(fmt::format("data {}: {} observations of {} to train on; held out: {}{}", data_.name, data_.train.size(),
                         data_.train.paths() == 1 ? "1 path" : fmt::format("{} paths", data_.train.paths()),
                         data_.held_out, data_.validated.empty() ? "" : "; to choose the weights: " + data_.validated));
    for (const std::string& remark : data_.train.remarks) run_.say("data: " + remark);
    if (settings_.common.verbose && !data_.train.dialect.empty()) run_.say("data: " + data_.train.dialect);
    run_.say(fmt::format("model: {} parameters; {}", num_parameters(state_.model), describe(settings_.model)));
    run_.say_batch(static_cast<int64_t>(segments_.size()), settings_.shooting == "whole" ? "paths" : "segments");
    run_.say(settings_.shooting == "whole"
                 ? "fit: whole paths"
                 : fmt::format("fit: {} segments of {} observations", segments_.size(), settings_.segment));
  }

  // Warm-up, and half a cosine down to 0 over the training.
  double learning_rate() const {
    return settings_.common.lr * warm_up(run_.step(), settings_.warm_up) * cosine_decay(run_.share_done());
  }

  Batch next_batch() {
    std::vector<Segment> chosen;
    for (const int64_t i : loader_.indices(run_.step() / loader_.batches(), run_.step() % loader_.batches()))
      chosen.push_back(segments_[static_cast<size_t>(i)]);
    return make_batch(points_, chosen);
  }

  Tick step() {
    const Batch batch = next_batch();
    std::vector<int64_t> evaluations(static_cast<size_t>(pool_.threads()));
    auto [loss, gradient] = [&] {
      std::optional<DetectAnomaly> guard;
      if (settings_.common.debug_nans) guard.emplace();
      return value_and_grad_parallel(
          pool_,
          [&](const FitModel& m, const Shard& shard) {
            const Objective part = objective(m, batch, shard.begin, shard.end, options_);
            evaluations[static_cast<size_t>(shard.index)] = part.evaluations;
            return part.loss;
          },
          state_.model, batch.rows());
    }();
    const int64_t most = *std::max_element(evaluations.begin(), evaluations.end());
    const double norm = clip_grad_norm(gradient, settings_.clip), value = loss.item();
    run_.check_finite(value, norm);
    state_.optimizer.lr = learning_rate();
    state_.optimizer.step(state_.model, gradient);
    state_.mean_loss = run_.step() == 0 ? value : 0.98 * state_.mean_loss + 0.02 * value;
    if (const int64_t done = run_.step() + 1; done % settings_.common.log_every == 0)
      run_.folder().metrics(done, {{"loss", value},
                                   {"lr", state_.optimizer.lr},
                                   {"gradient_norm", norm},
                                   {"evaluations", static_cast<double>(most)}});
    return {.loss = state_.mean_loss, .evaluations_forward = most, .gradient_norm = norm};
  }

  void evaluate() {
    if (!data_.validation) return keep();
    const double error = whole_path_error(state_.model, *data_.validation, options_);
    run_.folder().metrics(run_.step(), {{"validation_error", error}});
    if (error < state_.best_error) {
      keep();
      state_.best_error = error;
    }
    if (settings_.common.verbose)
      run_.say(fmt::format("step {}: validation error {:.4g} standard deviations", run_.step(), error));
  }

  void keep() {
    state_.best_step = run_.step();
    state_.best = state_.model;
  }

  FitSettings settings_;
  TrainingRun run_;
  Trajectories data_;
  std::vector<Segment> segments_;
  DataLoader loader_;
  ThreadPool pool_;
  OdeOptions options_;
  Fitting state_;
  Points points_;
};

}  // namespace

Objective objective(const FitModel& model, const Batch& batch, int64_t begin, int64_t end, const OdeOptions& options) {
  const Batch part = rows(batch, begin, end);
  // Errors of rows average out in the gradient, and by rows a solve takes more evaluations.
  OdeOptions own_options = options;
  own_options.per_sample = false;
  const Solved solved = solve(own_dynamics(model), part, own_options);
  return {mean(squared_errors(solved, part)) / batch.forecasts(), solved.evaluations};
}

void run_fit(const FitSettings& settings, const Command& command) { Fit(settings, command).run(); }

}  // namespace dimwise::app::ode
