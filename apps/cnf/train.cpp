#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>

#include "apps/cnf/commands.hpp"
#include "apps/common/run/training_run.hpp"
#include "autodiff/debug/detect_anomaly.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/ema.hpp"
#include "nn/optim/schedule.hpp"
#include "nn/parallel/value_and_grad_parallel.hpp"
#include "ops/arithmetic.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app {

namespace {

struct TrainSettings {
  CommonFlags common{.steps = 5000,
                     .batch_size = 256,
                     .lr = 1e-2,
                     .data = "pinwheel",
                     .out = "runs/cnf",
                     .checkpoint_every = 250,
                     .eval_every = 250};
  DataSettings data;
  ModelSettings model;
  SolverSettings solver{.rtol = 1e-3, .atol = 1e-3};
  double minutes = 0;
  double weight_decay = 0, clip = 10, ema = 0.998;
  double kinetic = 0, jacobian = 0;
  int64_t warm_up = 100;
  std::string gradient = "direct";
};

// Everything that a run changes, and nothing else: what a checkpoint holds.
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
  const auto meters = checkpoint.tensors.find("meters");
  if (meters == checkpoint.tensors.end() || meters->second.size() != 2 || meters->second.dtype() != DType::float64)
    fail<CheckpointError>("train", checkpoint.path, " has no meters. It was not written by dimwise-cnf train.");
  const auto values = meters->second.data<double>();
  s.best_nll = values[0];
  s.mean_loss = values[1];
}

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[96];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string counted(int64_t n, const std::string& what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

class Training {
 public:
  Training(const TrainSettings& settings, const Command& command)
      : settings_(settings),
        run_(settings.common, settings.minutes, "Use a smaller --lr or --clip, or --debug-nans to find the op."),
        data_(load_dataset(settings.data)),
        batches_(data_, settings.common.seed, settings.common.batch_size, parse_dtype(settings.common.dtype)),
        rng_(Rng(static_cast<uint64_t>(settings.common.seed))),
        pool_(static_cast<int>(settings.common.threads)),
        options_(flow_options(settings.solver)),
        schedule_(warm_up(settings.warm_up, [](int64_t) { return 1.0; })),
        state_(first_state()) {
    options_.ode.gradient = settings.gradient == "adjoint"        ? OdeGradient::adjoint
                            : settings.gradient == "checkpointed" ? OdeGradient::checkpointed
                                                                  : OdeGradient::direct;
    options_.penalties = settings.kinetic > 0 || settings.jacobian > 0;
    run_.begin(command);
  }

  void run() {
    announce();
    run_.run({.step = [this] { return step(); },
              .tensors = [this] { return to_tensors(state_); },
              .metadata = {{"model", to_json(settings_.model)},
                           {"data", data_to_json()},
                           {"threads", std::to_string(settings_.common.threads)}},
              .evaluate = [this] { evaluate(); }});
    report();
  }

 private:
  // The beginning, or where a checkpoint left off. Nothing is written before this has succeeded.
  State first_state() {
    settings_.model.d = data_.train.dim(1);
    settings_.model.dtype = settings_.common.dtype;
    State s;
    s.model = make_model(settings_.model, rng_.split("model"));
    s.model.standardizer = fit_standardizer(data_.train, data_.columns, dtype());
    s.optimizer.weight_decay = settings_.weight_decay;
    s.ema.average = s.model;
    s.ema.decay = settings_.ema;
    s.best = s.model;
    if (!run_.resumed()) return s;
    const Checkpoint& resumed = *run_.resumed();
    std::map<std::string, std::string> saved = resumed.metadata;
    const std::string other = differences(model_settings(saved["model"]), settings_.model);
    if (!other.empty())
      fail<CheckpointError>("resume", resumed.path, " holds another model: ", other,
                            ". Give the flags it was trained with, or another --out to start anew.");
    const std::string threads = std::to_string(settings_.common.threads), before = saved["threads"];
    if (before != threads)
      fail<CheckpointError>("resume", resumed.path, " was trained with --threads ", before, ", not ", threads,
                            ": another number of threads gives other results. Give --threads ", before,
                            ", or another --out to start anew.");
    restore(s, resumed);
    return s;
  }

  DType dtype() const { return parse_dtype(settings_.common.dtype); }

  void announce() {
    run_.say("data " + data_.name + ": " + counted(data_.train.dim(1), "column") + ", " +
             (data_.density
                  ? std::string("sampled anew at every step")
                  : counted(data_.train.dim(0), "row") + " to train, " + std::to_string(data_.validation.dim(0)) +
                        " to validate, " + std::to_string(data_.test.dim(0)) + " to test"));
    for (const std::string& column : data_.dropped) run_.say("left out column " + column);
    run_.say("model: " + std::to_string(num_parameters(state_.model)) + " parameters; " + describe(settings_.model));
  }

  // Warm-up, then half a cosine down to 0 over the training.
  double learning_rate() const {
    return settings_.common.lr * schedule_(run_.step()) * 0.5 * (1 + std::cos(std::numbers::pi * run_.share_done()));
  }

  Tick step() {
    const Tensor x = batches_(run_.step());
    options_.noise = rng_.split("noise").split(static_cast<uint64_t>(run_.step()));
    const auto threads = static_cast<size_t>(pool_.threads());
    std::vector<double> shares(threads);  // of the shards in the negative log-likelihood
    std::vector<int64_t> evaluations(threads);
    auto [loss, gradient] = [&] {
      std::optional<DetectAnomaly> guard;
      if (settings_.common.debug_nans) guard.emplace();
      return value_and_grad_parallel(
          pool_,
          [&](const FlowModel& m, const Shard& shard) {
            FlowOptions options = options_;
            options.first_row = shard.begin;
            const Score s = score(m, slice(x, 0, shard.begin, shard.end), options);
            Tensor objective = -mean(s.log_prob);
            const auto i = static_cast<size_t>(shard.index);
            shares[i] = objective.item() * static_cast<double>(shard.size()) / static_cast<double>(x.dim(0));
            evaluations[i] = s.solution.statistics.evaluations;
            const double d = static_cast<double>(x.dim(1));
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
    if (!std::isfinite(loss.item()) || !std::isfinite(norm))
      run_.diverged(format("the loss is %g and the gradient's norm %g.", loss.item(), norm));
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
    const double nll = -likelihood(pool_, state_.ema.average, astype(data_.validation, dtype()), options).mean;
    run_.folder().metrics(run_.step(), {{"validation_nll", nll}});
    // A finite set can be overfitted: the best weights are kept. A density cannot, and later is better.
    if (std::isfinite(nll) && (data_.density || nll < state_.best_nll)) {
      state_.best_nll = nll;
      state_.best = state_.ema.average;
    }
    if (settings_.common.verbose)
      run_.say(format("step %lld: validation nll %.4f nats", static_cast<long long>(run_.step()), nll));
  }

  std::string data_to_json() const {
    const DataSettings& d = settings_.data;
    return nlohmann::json{
        {"data", d.data}, {"transform", d.transform}, {"validation", d.validation}, {"test", d.test}, {"seed", d.seed}}
        .dump();
  }

  void report() {
    nlohmann::json result{{"step", run_.step()}, {"validation_nll", state_.best_nll}, {"checkpoint", run_.saved()}};
    if (data_.density) result["entropy"] = data_.density->entropy;
    if (settings_.common.json)
      std::cout << result.dump() << '\n';
    else
      std::cout << "validation nll " << state_.best_nll << " nats"
                << (data_.density ? " (entropy of the density " + std::to_string(data_.density->entropy) + ")" : "")
                << " after " << run_.step() << " steps; saved " << run_.saved() << '\n';
  }

  TrainSettings settings_;
  TrainingRun run_;
  Dataset data_;
  Batches batches_;
  Rng rng_;
  ThreadPool pool_;
  FlowOptions options_;
  Schedule schedule_;
  State state_;
};

}  // namespace

void add_train(App& app) {
  // The settings live as long as the command that is bound to them.
  const auto s = std::make_shared<TrainSettings>();
  Command& c = app.command("train", "fits a Hollow-CNF to a density or to the rows of a file");
  c.example("train --data moons --minutes 5 --out runs/moons", "Fit the two moons for five minutes");
  c.example("train --data faithful.csv --steps 2000 --out runs/faithful", "Fit the columns of a file");
  c.example("train --data moons --minutes 5 --out runs/moons --resume auto", "Go on where it stopped");
  c.section("Data");
  add_data(c, s->common,
           "a built-in density (8gaussians, 2spirals, checkerboard, pinwheel, rings, moons, swissroll, circles) or a "
           ".csv or .npy file");
  c.add_choice("transform", s->data.transform, Words{"none", "log-returns"}, "what is done to a file's columns");
  c.add("validation-share", s->data.validation, "share of a file's rows to validate on",
        Range{.min = 0, .max = 0.5, .above_min = true});
  c.add("test-share", s->data.test, "share of a file's rows kept for eval",
        Range{.min = 0, .max = 0.5, .above_min = true});
  c.section("Model");
  c.add_choice("conditioner", s->model.conditioner, conditioner_names(), "what computes h_i from the other x_j");
  c.add_choice("transformer", s->model.transformer, transformer_names(), "what computes f_i from x_i and h_i");
  c.add("hidden", s->model.hidden, "widths of the conditioner's hidden layers", at_least_one);
  c.add("d-h", s->model.d_h, "numbers h_i given to the transformer for each dimension", at_least_one);
  c.add("transformer-hidden", s->model.transformer_hidden, "widths of the transformer's hidden layers", at_least_one);
  c.add_choice("activation", s->model.activation, Words{"tanh", "softplus", "silu", "sigmoid", "gelu", "sin"},
               "activation of all layers");
  c.add("blocks", s->model.blocks, "flows in a row, each a solve of its own", at_least_one);
  c.add("end-time", s->model.end_time, "T, the time from the base to the data", positive);
  add_dtype(c, s->common);
  add_solver(c, s->solver);
  c.add_choice("gradient", s->gradient, Words{"direct", "checkpointed", "adjoint"},
               "through the solver's steps, or by a second solve backwards in less memory");
  c.section("Training");
  add_seed(c, s->common);
  add_steps(c, s->common);
  c.add("minutes", s->minutes,
        "train for this long instead of --steps; 0 for steps. The schedule then follows the clock, so a run cannot be "
        "repeated bit for bit",
        not_negative);
  add_batch_size(c, s->common);
  add_threads(
      c, s->common,
      "cores to use, each for its own rows of a batch with solver steps of their own. A number gives the same run "
      "bit for bit, another one that differs slightly and cannot resume it");
  add_lr(c, s->common);
  c.add("warm-up", s->warm_up, "steps over which the learning rate rises; it falls as half a cosine from then on",
        not_negative);
  c.add("weight-decay", s->weight_decay, "decoupled weight decay of AdamW", not_negative);
  c.add("clip", s->clip, "longest gradient norm", positive);
  c.add("ema", s->ema, "decay of the average of the weights that is evaluated", Range{.min = 0, .max = 0.999999});
  c.add("kinetic", s->kinetic, "weight of the kinetic energy, the integral of |f|^2 / d", not_negative);
  c.add("jacobian", s->jacobian, "weight of the Jacobian diagonal's energy, the integral of |D f|^2 / d", not_negative);
  c.section("Run");
  add_out(c, s->common);
  add_resume(c, s->common);
  add_log_every(c, s->common);
  add_eval_every(c, s->common);
  add_verbosity(c, s->common);
  add_debug_nans(c, s->common);
  add_json(c, s->common);
  c.does([s](const Command& self) {
    s->data.data = s->common.data;
    s->data.seed = s->common.seed;
    Training(*s, self).run();
  });
}

}  // namespace dimwise::app
