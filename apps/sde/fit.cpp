#include "apps/sde/fit.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/run/training_run.hpp"
#include "autodiff/context.hpp"
#include "autodiff/debug/detect_anomaly.hpp"
#include "hollow/sde/fokker_planck.hpp"
#include "hollow/sde/weak.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/schedule.hpp"
#include "nn/parallel/value_and_grad_parallel.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::sde {

namespace {

// For a weak residual: the number of points of each law, and of test functions.
constexpr int64_t run_length = 64, test_functions = 64;

// While f is wrong, the best g is 0, which is a stationary point, since the equation depends on g². So g is constant
// and f is fitted alone for this share of the training after the density.
constexpr double drift_first = 0.3;

// The g of a component without noise in the Euler pseudo-likelihood, in the model's units: the weight of its drift.
constexpr double noiseless = 0.3;

// The rows of a shard, whose begin and end are out of `of`.
Points share(const Points& all, const Shard& s, int64_t of) {
  const int64_t n = all.t.dim(0);
  const auto some = [&](const Tensor& x) { return x.defined() ? slice(x, 0, s.begin * n / of, s.end * n / of) : x; };
  return {some(all.t), some(all.x), some(all.context)};
}

Points together(const Points& a, const Points& b) {
  const auto both = [](const Tensor& x, const Tensor& y) { return x.defined() ? concat({x, y}, 0) : x; };
  return {both(a.t, b.t), both(a.x, b.x), both(a.context, b.context)};
}

// The data of one step.
struct Batch {
  Points seen;    // observations
  Points next;    // of Euler's pseudo-likelihood: the next observations
  Points places;  // where the residual is evaluated
  int64_t rows;   // the rows that are divided among threads: observations, or laws of a weak residual
};

class Fit {
 public:
  Fit(const FitSettings& settings, const Command& command)
      : settings_(settings),
        run_(settings.common,
             "Start a new run with a smaller --lr, --clip or --lambda, or resume with --debug-nans to find the op."),
        rng_(own_stream(settings.data)),
        pool_(static_cast<int>(settings.common.threads)),
        data_(load_dataset(data_settings(settings))),
        known_(known_diffusion(settings, data_)),
        model_(make_model(settings.model, data_.train, known_, rng_.split("model"))) {
    if (euler()) {
      const Transitions all = transitions(model_, data_.train);
      points_ = all.from;
      next_ = all.to;
    } else {
      points_ = density_points(model_, data_.train);
      test_points_ = density_points(model_, data_.test);
      earliest_ = min(points_.t).item();
      // Test functions are no wider than the distances of the paths from their starts.
      if (model_.from_start) test_length_ *= std::min(1.0, std::sqrt(mean(square(points_.x - points_.context)).item()));
    }
    settings_.sha256 = data_.sha256;
    settings_.observations = data_.train.size() + data_.test.size();
    settings_.common.batch_size = std::min(settings_.common.batch_size, points_.t.dim(0));
    if (run_.resumed()) {
      run_.check_same(saved_command(settings_));
      load_state_dict(model_, run_.resumed()->tensors, "model.");
      density_adam_.load_state_dict(run_.resumed()->tensors, "density_optimizer.");
      drift_adam_.load_state_dict(run_.resumed()->tensors, "drift_optimizer.");
      diffusion_adam_.load_state_dict(run_.resumed()->tensors, "diffusion_optimizer.");
    }
    run_.begin(command, saved_command(settings_));
  }

  FitResult run() {
    announce();
    run_.run({.step = [this] { return step(); },
              .tensors = [this] { return tensors(); },
              .evaluate = [this] { evaluate(); }});
    return {run_.step(), run_.saved(), present_errors()};
  }

 private:
  // Replicates differ in their initialization and their batches, too.
  static Rng own_stream(const DataSettings& s) {
    const Rng rng(static_cast<uint64_t>(s.seed));
    return s.bootstrap == 0 ? rng : rng.split("replicate").split(static_cast<uint64_t>(s.bootstrap));
  }
  bool euler() const { return settings_.method == "euler"; }
  bool weak() const { return settings_.residual == "weak"; }
  // Whether this step fits the density, f and g.
  bool density_learns() const {
    return !euler() && (!equation_learns() || (settings_.fit == "joint" && diffusion_learns()));
  }
  bool equation_learns() const { return euler() || run_.share_done() >= settings_.density_share; }
  bool diffusion_learns() const { return euler() || share_after_density() >= drift_first; }
  double share_after_density() const {
    return (run_.share_done() - settings_.density_share) / (1 - settings_.density_share);
  }

  void announce() {
    run_.say(fmt::format("data {}: {} observations of {} paths to train on, {} of {} held out", data_.name,
                         data_.train.size(), data_.train.paths(), data_.test.size(), data_.test.paths()));
    for (const std::string& remark : data_.train.remarks) run_.say("data: " + remark);
    if (settings_.common.verbose && !data_.train.dialect.empty()) run_.say("data: " + data_.train.dialect);
    for (const std::string& limit : limits(settings_, data_)) run_.say("note: " + limit);
    run_.say(fmt::format("model: {} parameters", num_parameters(model_)));
    run_.say_batch(points_.t.dim(0), "observations");
  }

  std::map<std::string, Tensor> tensors() const {
    std::map<std::string, Tensor> all = state_dict(model_, "model.");
    all.merge(density_adam_.state_dict("density_optimizer."));
    all.merge(drift_adam_.state_dict("drift_optimizer."));
    all.merge(diffusion_adam_.state_dict("diffusion_optimizer."));
    return all;
  }

  // Warm-up, and half a cosine down to 0 over the training, or over each of two stages.
  double learning_rate() const {
    double share = run_.share_done();
    if (!euler() && settings_.fit == "two-stage")
      share = equation_learns() ? share_after_density() : share / settings_.density_share;
    return settings_.common.lr * warm_up(run_.step(), settings_.warm_up) * cosine_decay(share);
  }

  double lambda() const {
    const bool ramp = settings_.fit == "joint" && settings_.lambda_ramp > 0;
    const double since = share_after_density() - drift_first;
    return settings_.lambda * (ramp && since >= 0 ? std::min(1.0, since / settings_.lambda_ramp) : 1.0);
  }

  Batch batch() const {
    const auto step = static_cast<uint64_t>(run_.step());
    const int64_t n = settings_.common.batch_size;
    const std::vector<int64_t> which = rng_.split("batch").split(step).integers(n, points_.t.dim(0));
    Batch b{rows(points_, which), {}, {}, n};
    if (euler()) b.next = rows(next_, which);
    if (euler() || !equation_learns()) return b;
    const Rng rng = rng_.split("points").split(step);
    if (weak()) {
      b.rows = std::max<int64_t>(n / 16, 1);
      b.places = drawn(b.seen, b.rows, run_length, rng);
    } else if (settings_.points == "data") {
      b.places = b.seen;
    } else {
      b.places = drawn(b.seen, n, 1, rng);
    }
    return b;
  }

  // Samples of the density at uniform times: `length` of each of the first `laws` initial laws of a batch.
  Points drawn(const Points& batch, int64_t laws, int64_t length, const Rng& rng) const {
    std::vector<int64_t> each;
    for (int64_t i = 0; i < laws * length; ++i) each.push_back(i / length);
    const Tensor times = rng.split("t").uniform({laws, 1}, batch.t.dtype(), earliest_, 1);
    const Tensor t = index_select(times, 0, each);
    const Tensor context = batch.context.defined() ? index_select(batch.context, 0, each) : Tensor();
    return {t, stop_gradient(model_.density.sample(rng.split("x"), t, context)), context};
  }

  Tick step() {
    const Batch b = batch();
    const auto threads = static_cast<size_t>(pool_.threads());
    std::vector<double> likelihoods(threads), residuals(threads);
    auto [loss, gradient] = [&] {
      std::optional<DetectAnomaly> guard;
      if (settings_.common.debug_nans) guard.emplace();
      return value_and_grad_parallel(
          pool_,
          [&](const SdeModel& m, const Shard& shard) {
            const auto i = static_cast<size_t>(shard.index);
            const double part = static_cast<double>(shard.size()) / static_cast<double>(b.rows);
            const Points seen = share(b.seen, shard, b.rows);
            Tensor objective;
            if (euler()) objective = -mean(log_transition(m, seen, share(b.next, shard, b.rows)));
            if (density_learns()) objective = -mean(m.density.log_prob(seen.t, seen.x, seen.context));
            if (objective.defined()) likelihoods[i] = part * objective.item();
            if (euler() || !equation_learns()) return objective;
            const Tensor r = residual(m, shard, b);
            residuals[i] = part * r.item();
            return objective.defined() ? objective + lambda() * r : lambda() * r;
          },
          model_, b.rows);
    }();
    const double norm = clip_grad_norm(gradient, settings_.clip);
    run_.check_finite(loss.item(), norm);
    update(gradient);
    const auto total = [](const std::vector<double>& parts) {
      return std::accumulate(parts.begin(), parts.end(), 0.0);
    };
    return step_report(total(likelihoods), total(residuals), norm);
  }

  static Tensor log_transition(const SdeModel& m, const Points& from, const Points& to) {
    return euler_log_prob(own_equation(m), from.t, from.x, to.t, to.x, noiseless);
  }

  Tensor residual(const SdeModel& m, const Shard& shard, const Batch& b) const {
    Points at = share(b.places, shard, b.rows);
    if (!weak() && settings_.points == "both") at = together(at, share(b.seen, shard, b.rows));
    const AnyDensity& density = density_learns() ? m.density : model_.density;
    const DensityDerivatives p = density.derivatives(at.t, at.x, at.context);
    if (weak()) {
      const Rng rng = rng_.split("test functions").split(static_cast<uint64_t>(run_.step()));
      return weak_residual(own_equation(m), p, at.t, at.x, shard.size(),
                           TestFunctions(test_functions, at.x.dim(1), test_length_, rng, at.x.dtype()));
    }
    using Options = ResidualOptions;
    return fokker_planck_residual(own_equation(m), p, at.t, at.x,
                                  {settings_.residual == "l1" ? Options::Norm::l1 : Options::Norm::l2,
                                   settings_.space == "p" ? Options::Space::p : Options::Space::log_p});
  }

  void update(const SdeModel& gradient) {
    density_adam_.lr = drift_adam_.lr = diffusion_adam_.lr = learning_rate();
    if (density_learns()) density_adam_.step(model_.density, gradient.density);
    if (equation_learns()) drift_adam_.step(model_.drift, gradient.drift);
    if (diffusion_learns()) diffusion_adam_.step(model_.diffusion, gradient.diffusion);
  }

  Tick step_report(double likelihood, double residual, double norm) {
    Tick tick{.gradient_norm = norm};
    std::vector<std::pair<std::string, double>> values{{"lr", drift_adam_.lr}, {"gradient_norm", norm}};
    if (euler() || density_learns()) {
      // In the units of the data; Euler's is that of one component.
      const double volume = model_.units.log_det().item() / static_cast<double>(euler() ? data_.train.d() : 1);
      tick.loss = likelihood - volume;
      values.emplace_back(euler() ? "pseudo_nll" : "nll", likelihood - volume);
    }
    if (!euler() && equation_learns()) {
      tick.more = fmt::format("residual {:.3g}", residual);
      values.insert(values.end(), {{"residual", residual}, {"lambda", lambda()}});
    }
    if ((run_.step() + 1) % settings_.common.log_every == 0) run_.folder().metrics(run_.step() + 1, values);
    return tick;
  }

  std::optional<Errors> present_errors() const {
    if (!data_.truth) return {};
    return errors(model_, *data_.truth, known_, data_.test);
  }

  void evaluate() {
    const NoGrad guard;
    std::vector<std::pair<std::string, double>> values;
    if (!euler()) {
      const Tensor own = model_.density.log_prob(test_points_.t, test_points_.x, test_points_.context);
      values.emplace_back("test_nll", -(mean(own) + astype(model_.units.log_det(), own.dtype())).item());
    }
    if (equation_learns())
      if (const auto e = present_errors())
        values.insert(values.end(), {{"drift_error", e->mean_drift}, {"diffusion_error", e->mean_diffusion}});
    run_.folder().metrics(run_.step(), values);
    if (!settings_.common.verbose) return;
    std::string text = fmt::format("step {}", run_.step());
    for (const auto& [name, value] : values) text += fmt::format(", {} {:f}", name, value);
    run_.say(text);
  }

  FitSettings settings_;
  TrainingRun run_;
  Rng rng_;
  ThreadPool pool_;
  Dataset data_;
  std::vector<std::optional<double>> known_;
  SdeModel model_;
  Points points_, next_, test_points_;
  Adam density_adam_, drift_adam_, diffusion_adam_;
  double earliest_ = 0;       // of the density's own times
  double test_length_ = 0.5;  // of test functions, in the model's units
};

}  // namespace

FitResult run_fit(const FitSettings& settings, const Command& command) { return Fit(settings, command).run(); }

}  // namespace dimwise::app::sde
