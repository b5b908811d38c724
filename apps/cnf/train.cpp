#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "apps/cnf/commands.hpp"
#include "apps/common/cnf/settings.hpp"
#include "apps/common/run/training_run.hpp"
#include "autodiff/debug/detect_anomaly.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/ema.hpp"
#include "nn/optim/schedule.hpp"
#include "nn/parallel/value_and_grad_parallel.hpp"
#include "ops/arithmetic.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::cnf {

namespace {

// The state of a run, which a checkpoint saves.
struct State {
  FlowModel model;
  AdamW optimizer;
  Ema<FlowModel> ema;
  FlowModel best;
  double best_nll = std::numeric_limits<double>::infinity();
  double mean_loss = 0;  // running
};

std::map<std::string, Tensor> to_tensors(const State& s) {
  std::map<std::string, Tensor> all = state_dict(s.model, "model.");
  all.merge(s.optimizer.state_dict("optimizer."));
  all.merge(s.ema.state_dict("ema."));
  all.merge(state_dict(s.best, "best."));
  all.emplace("meters", tensor({s.best_nll, s.mean_loss}, DType::float64));
  return all;
}

void restore(State& s, const Checkpoint& checkpoint) {
  load_state_dict(s.model, checkpoint.tensors, "model.");
  s.optimizer.load_state_dict(checkpoint.tensors, "optimizer.");
  s.ema.load_state_dict(checkpoint.tensors, "ema.");
  load_state_dict(s.best, checkpoint.tensors, "best.");
  const std::vector<double> values = read_meters(checkpoint, 2);
  s.best_nll = values[0];
  s.mean_loss = values[1];
}

std::string counted(int64_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

class Training {
 public:
  Training(const TrainSettings& settings, const Command& command)
      : settings_(settings),
        run_(settings.common,
             "Start a new run with a smaller --lr or --clip, or resume with --debug-nans to find the op."),
        data_(load_dataset(settings.data)),
        batches_(data_, settings.data.seed, settings.common.batch_size, settings.model.net.dtype),
        rng_(Rng(static_cast<uint64_t>(settings.data.seed))),
        pool_(static_cast<int>(settings.common.threads)),
        options_(flow_options(settings.solver)),
        state_(first_state()) {
    options_.penalties = settings.kinetic > 0 || settings.jacobian > 0;
    run_.begin(command, saved_command(settings_));
  }

  void run() {
    announce();
    run_.run({.step = [this] { return step(); },
              .tensors = [this] { return to_tensors(state_); },
              .evaluate = [this] { evaluate(); }});
    report();
  }

 private:
  // The initial state, or that of a checkpoint. Nothing is written until this succeeds.
  State first_state() {
    settings_.model.net.d = data_.train.dim(1) - data_.given;
    settings_.model.net.context = data_.given;
    if (data_.named || data_.given > 0) settings_.columns = fmt::format("{}", fmt::join(data_.columns, "\n"));
    settings_.sha256 = data_.sha256;
    settings_.rows = data_.density ? 0 : data_.rows();
    State s;
    s.model = make_model(settings_.model, rng_.split("model"));
    fit_standardizers(s.model, data_.train, data_.columns);
    s.optimizer.weight_decay = settings_.weight_decay;
    s.ema.average = s.model;
    s.ema.decay = settings_.ema;
    s.best = s.model;
    if (!run_.resumed()) return s;
    run_.check_same(saved_command(settings_));
    restore(s, *run_.resumed());
    return s;
  }

  void announce() {
    run_.say(fmt::format(
        "data {}: {}, {}", data_.name,
        counted(settings_.model.net.d, "column") + (data_.given > 0 ? fmt::format(" given {}", data_.given) : ""),
        data_.density ? "sampled at every step"
                      : fmt::format("{} to train, {} to validate, {} to test", counted(data_.train.dim(0), "row"),
                                    data_.validation.dim(0), data_.test.dim(0))));
    for (const std::string& remark : data_.remarks) run_.say("data: " + remark);
    if (settings_.common.verbose && !data_.dialect.empty()) run_.say("data: " + data_.dialect);
    if (!data_.density) run_.say_batch(data_.train.dim(0), "rows");
    run_.say(fmt::format("model: {} parameters; {}", num_parameters(state_.model), describe(settings_.model)));
  }

  // Warm-up, and half a cosine down to 0 over the training.
  double learning_rate() const {
    return settings_.common.lr * warm_up(run_.step(), settings_.warm_up) * cosine_decay(run_.share_done());
  }

  Tick step() {
    const Tensor x = batches_(run_.step());
    options_.noise = rng_.split("noise").split(static_cast<uint64_t>(run_.step()));
    const auto threads = static_cast<size_t>(pool_.threads());
    std::vector<double> shares(threads);  // of each shard in the negative log-likelihood
    std::vector<int64_t> evaluations(threads);
    auto [loss, gradient] = [&] {
      std::optional<DetectAnomaly> guard;
      if (settings_.common.debug_nans) guard.emplace();
      return value_and_grad_parallel(
          pool_,
          [&](const FlowModel& m, const Shard& shard) {
            FlowOptions options = options_;
            options.first_row = shard.begin;
            // Errors of rows average out in the gradient, and by rows a solve takes more evaluations.
            options.ode.per_sample = false;
            const Score s = score(m, slice(x, 0, shard.begin, shard.end), options);
            Tensor objective = -mean(s.log_prob);
            const auto i = static_cast<size_t>(shard.index);
            shares[i] = objective.item() * static_cast<double>(shard.size()) / static_cast<double>(x.dim(0));
            evaluations[i] = s.solution.statistics.evaluations;
            const auto d = static_cast<double>(settings_.model.net.d);
            if (settings_.kinetic > 0) objective = objective + settings_.kinetic / d * mean(s.solution.kinetic_energy);
            if (settings_.jacobian > 0)
              objective = objective + settings_.jacobian / d * mean(s.solution.jacobian_penalty);
            return objective;
          },
          state_.model, x.dim(0));
    }();
    const double nll = std::accumulate(shares.begin(), shares.end(), 0.0);
    const int64_t most = *std::max_element(evaluations.begin(), evaluations.end());
    const double norm = clip_grad_norm(gradient, settings_.clip);
    run_.check_finite(loss.item(), norm);
    state_.optimizer.lr = learning_rate();
    state_.optimizer.step(state_.model, gradient);
    state_.ema.update(state_.model);
    state_.mean_loss = run_.step() == 0 ? nll : 0.98 * state_.mean_loss + 0.02 * nll;
    if (const int64_t done = run_.step() + 1; done % settings_.common.log_every == 0)
      run_.folder().metrics(done, {{"nll", nll},
                                   {"lr", state_.optimizer.lr},
                                   {"gradient_norm", norm},
                                   {"evaluations", static_cast<double>(most)}});
    return {.loss = state_.mean_loss, .evaluations_forward = most, .gradient_norm = norm};
  }

  void evaluate() {
    FlowOptions options = options_;
    options.trace = Trace::exact;
    options.penalties = false;
    const double nll = -likelihood(pool_, state_.ema.average, data_.validation, options).mean;
    run_.folder().metrics(run_.step(), {{"validation_nll", nll}});
    // A finite set can be overfitted, so the best weights are kept. Samples of a density cannot: the latest are best.
    if (std::isfinite(nll) && (data_.density || nll < state_.best_nll)) {
      state_.best_nll = nll;
      state_.best = state_.ema.average;
    }
    if (settings_.common.verbose) run_.say(fmt::format("step {}: validation nll {:.4f} nats", run_.step(), nll));
  }

  void report() {
    nlohmann::json result{{"step", run_.step()}, {"validation_nll", state_.best_nll}, {"checkpoint", run_.saved()}};
    if (data_.density) result["entropy"] = data_.density->entropy;
    if (settings_.common.json)
      std::cout << result.dump() << '\n';
    else
      std::cout << "validation nll " << state_.best_nll << " nats"
                << (data_.density ? fmt::format(" (entropy of the density {:f})", data_.density->entropy) : "")
                << " after " << run_.step() << " steps; saved " << run_.saved() << '\n';
  }

  TrainSettings settings_;
  TrainingRun run_;
  Dataset data_;
  Batches batches_;
  Rng rng_;
  ThreadPool pool_;
  FlowOptions options_;
  State state_;
};

}  // namespace

void add_train(App& app) {
  // The settings live as long as the command that is bound to them.
  const auto s = std::make_shared<TrainSettings>();
  Command& c = app.command("train", "fits a Hollow-CNF to a density or to the rows of a file");
  c.example("train --data moons --minutes 5 --out runs/moons", "Fit the two moons for five minutes");
  c.example("train --data faithful.csv --steps 2000 --out runs/faithful", "Fit the columns of a file");
  c.example("train --data moons --minutes 5 --out runs/moons --resume auto", "Continue an interrupted run");
  add_settings(c, *s);
  c.does([s](const Command& self) { Training(*s, self).run(); });
}

}  // namespace dimwise::app::cnf
