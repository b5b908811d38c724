#include "apps/vae/training.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "apps/common/plot/write.hpp"
#include "apps/common/run/training_run.hpp"
#include "apps/vae/model/objective.hpp"
#include "apps/vae/pictures.hpp"
#include "autodiff/context.hpp"
#include "autodiff/debug/detect_anomaly.hpp"
#include "nn/data/loader.hpp"
#include "nn/optim/adamax.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/schedule.hpp"
#include "nn/parallel/value_and_grad_parallel.hpp"
#include "ops/arithmetic.hpp"
#include "ops/index.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::vae {

namespace {

// The state of a run, which a checkpoint saves.
struct State {
  Vae model;
  Adamax optimizer;
  Vae best;
  double best_elbo = std::numeric_limits<double>::infinity();  // negative, of the validation set
  int64_t best_epoch = 0;
  double mean_loss = 0;  // running
};

std::map<std::string, Tensor> to_tensors(const State& s) {
  std::map<std::string, Tensor> all = state_dict(s.model, "model.");
  all.merge(s.optimizer.state_dict("optimizer."));
  all.merge(state_dict(s.best, "best."));
  all.emplace("meters", tensor({s.best_elbo, static_cast<double>(s.best_epoch), s.mean_loss}, DType::float64));
  return all;
}

void restore(State& s, const Checkpoint& checkpoint) {
  load_state_dict(s.model, checkpoint.tensors, "model.");
  s.optimizer.load_state_dict(checkpoint.tensors, "optimizer.");
  load_state_dict(s.best, checkpoint.tensors, "best.");
  const std::vector<double> values = read_meters(checkpoint, 3);
  s.best_elbo = values[0];
  s.best_epoch = static_cast<int64_t>(values[1]);
  s.mean_loss = values[2];
}

// Sums over the images of a shard.
struct Sums {
  double reconstruction = 0, divergence = 0;
  int64_t evaluations = 0;
};

class Training {
 public:
  Training(const TrainSettings& settings, const Command& command)
      : settings_(settings),
        images_(load_images(settings.images)),
        loader_({.size = images_.train.dim(0),
                 .batch = std::min(settings.common.batch_size, images_.train.dim(0)),
                 .seed = static_cast<uint64_t>(settings.images.seed),
                 .drop_last = true}),
        run_(flags(),
             "Start a new run with a smaller --lr, or --clip 100, or resume with --debug-nans to find the op."),
        rng_(Rng(static_cast<uint64_t>(settings.images.seed))),
        pool_(static_cast<int>(settings.common.threads)),
        options_(train_options(settings)) {
    settings_.model.height = images_.height;
    settings_.model.width = images_.width;
    settings_.model = resolved(settings_.model);
    state_.model = make_model(settings_.model, rng_.split("model"));
    state_.optimizer = {.lr = settings.common.lr, .eps = 1e-7};
    state_.best = state_.model;
    settings_.batches = loader_.batches();
    settings_.sha256 = images_.sha256;
    run_.check_same(saved_command(settings_));
    if (run_.resumed()) restore(state_, *run_.resumed());
    run_.begin(command, saved_command(settings_));
  }

  TrainResult run() {
    run_.say(fmt::format("data {}: {} images of {} x {} to train, {} to validate, {} to test", images_.name,
                         images_.train.dim(0), images_.height, images_.width, images_.validation.dim(0),
                         images_.test.dim(0)));
    run_.say_batch(images_.train.dim(0), "images");
    run_.say(fmt::format("model: {} parameters, {} of them the flow's; {}", num_parameters(state_.model),
                         num_parameters(state_.model.flow), describe(settings_.model)));
    run_.run({.step = [this] { return step(); },
              .tensors = [this] { return to_tensors(state_); },
              .evaluate = [this] { evaluate(); },
              .finished = [this] { return out_of_patience(); }});
    write_figure(training_figure(run_.folder().path() + "/metrics.jsonl"), run_.folder().figure("training"),
                 settings_.common.figures);
    return {run_.step(), run_.step() / loader_.batches(), state_.best_epoch, state_.best_elbo, run_.saved()};
  }

 private:
  using Clock = std::chrono::steady_clock;

  CommonFlags flags() const {
    CommonFlags flags = settings_.common;
    flags.steps = settings_.epochs * loader_.batches();
    flags.eval_every = loader_.batches();
    return flags;
  }

  double beta() const { return warm_up(run_.step() / loader_.batches(), settings_.warm_up); }

  Tick step() {
    const auto begin = Clock::now();
    const auto number = static_cast<uint64_t>(run_.step());
    const int64_t epoch = run_.step() / loader_.batches(), batch = run_.step() % loader_.batches();
    const Tensor x = binarize(astype(index_select(images_.train, 0, loader_.indices(epoch, batch)), dtype()),
                              rng_.split("binarize").split(number));
    const double weight = beta(), n = static_cast<double>(x.dim(0));
    std::vector<Sums> parts(static_cast<size_t>(pool_.threads()));
    auto [loss, gradient] = [&] {
      std::optional<DetectAnomaly> guard;
      if (settings_.common.debug_nans) guard.emplace();
      return value_and_grad_parallel(
          pool_,
          [&](const Vae& m, const Shard& shard) {
            FlowOptions options = options_;
            options.noise = rng_.split("noise").split(number);
            options.first_row = shard.begin;
            // Errors of rows average out in the gradient, and by rows a solve takes more evaluations.
            options.ode.per_sample = false;
            const Elbo e = elbo(m, slice(x, 0, shard.begin, shard.end), rng_.split("z").split(number), options);
            parts[static_cast<size_t>(shard.index)] = {sum(e.reconstruction).item(), sum(e.divergence).item(),
                                                       e.evaluations};
            return mean(e.reconstruction + weight * e.divergence);
          },
          state_.model, x.dim(0));
    }();
    Sums all;
    for (const Sums& part : parts) {
      all.reconstruction += part.reconstruction / n;
      all.divergence += part.divergence / n;
      all.evaluations = std::max(all.evaluations, part.evaluations);
    }
    const double norm = settings_.clip > 0 ? clip_grad_norm(gradient, settings_.clip) : gradient_norm(gradient);
    run_.check_finite(loss.item(), norm);
    state_.optimizer.step(state_.model, gradient);
    const double negative_elbo = all.reconstruction + all.divergence;
    state_.mean_loss = run_.step() == 0 ? negative_elbo : 0.98 * state_.mean_loss + 0.02 * negative_elbo;
    if (const int64_t done = run_.step() + 1; done % settings_.common.log_every == 0)
      run_.folder().metrics(done, {{"negative_elbo", negative_elbo},
                                   {"reconstruction", all.reconstruction},
                                   {"divergence", all.divergence},
                                   {"beta", weight},
                                   {"gradient_norm", norm},
                                   {"evaluations", static_cast<double>(all.evaluations)}});
    seconds_ += std::chrono::duration<double>(Clock::now() - begin).count();
    ++timed_;
    Tick tick{.loss = state_.mean_loss, .gradient_norm = norm};
    if (continuous(settings_.model.flow)) tick.evaluations_forward = all.evaluations;
    return tick;
  }

  void evaluate() {
    const int64_t epoch = run_.step() / loader_.batches();
    if (timed_ == loader_.batches()) log_seconds(epoch);
    seconds_ = 0;
    timed_ = 0;
    const NoGrad guard;
    const Tensor x = astype(images_.validation, dtype());
    constexpr int64_t chunk = 250;
    const int64_t chunks = (x.dim(0) + chunk - 1) / chunk;
    std::vector<Sums> parts(static_cast<size_t>(chunks));
    pool_.run(chunks, [&](int64_t i) {
      FlowOptions options = options_;
      options.noise = Rng(0).split("validation noise");
      options.first_row = i * chunk;
      const Elbo e = elbo(state_.model, slice(x, 0, i * chunk, std::min(x.dim(0), (i + 1) * chunk)),
                          Rng(0).split("validation z"), options);
      parts[static_cast<size_t>(i)] = {sum(e.reconstruction).item(), sum(e.divergence).item(), e.evaluations};
    });
    double reconstruction = 0, divergence = 0;
    for (const Sums& part : parts) {
      reconstruction += part.reconstruction / static_cast<double>(x.dim(0));
      divergence += part.divergence / static_cast<double>(x.dim(0));
    }
    const double negative_elbo = reconstruction + divergence;
    run_.folder().metrics(run_.step(), {{"epoch", static_cast<double>(epoch)},
                                        {"validation_negative_elbo", negative_elbo},
                                        {"validation_reconstruction", reconstruction},
                                        {"validation_divergence", divergence}});
    if (negative_elbo < state_.best_elbo) {
      state_.best_elbo = negative_elbo;
      state_.best_epoch = epoch;
      state_.best = state_.model;
    }
    if (settings_.common.verbose) run_.say(fmt::format("epoch {}: validation -ELBO {:.3f} nats", epoch, negative_elbo));
  }

  // Patience counts from the end of the warm-up, since the weighted loss differs from the validation bound until then.
  bool out_of_patience() const {
    const int64_t epoch = run_.step() / loader_.batches();
    return settings_.patience > 0 && epoch - std::max(state_.best_epoch, settings_.warm_up) >= settings_.patience;
  }

  // In a separate file, since the metrics of two equal runs are equal.
  void log_seconds(int64_t epoch) {
    std::ofstream(run_.folder().path() + "/seconds.jsonl", std::ios::app)
        << nlohmann::ordered_json{{"epoch", epoch}, {"seconds", seconds_}, {"threads", pool_.threads()}} << '\n';
  }

  DType dtype() const { return settings_.model.dtype; }

  TrainSettings settings_;
  Images images_;
  DataLoader loader_;
  TrainingRun run_;
  Rng rng_;
  ThreadPool pool_;
  FlowOptions options_;
  State state_;
  double seconds_ = 0;  // of the steps of this epoch
  int64_t timed_ = 0;   // number of these steps
};

}  // namespace

TrainResult train(const TrainSettings& settings, const Command& command) { return Training(settings, command).run(); }

}  // namespace dimwise::app::vae
