#include "apps/common/run/training_run.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/run/saved_settings.hpp"

namespace dimwise::app {

TrainingRun::TrainingRun(const CommonFlags& flags, std::string advice)
    : flags_(flags),
      advice_(std::move(advice)),
      lock_(RunLock::of_existing(flags.out)),
      resumed_(find_checkpoint(flags.resume, flags.out)) {
  if (flags.overwrite && !flags.resume.empty())
    fail<UsageError>("--overwrite", "deletes the run that --resume continues. Give one of them.");
  if (!resumed_) return;
  const auto elapsed = resumed_->tensors.find("elapsed");
  if (elapsed == resumed_->tensors.end() || elapsed->second.size() != 1)
    fail<CheckpointError>("resume", resumed_->path, " has no elapsed time, so it is not a checkpoint of a training. ",
                          "Give another --out to start a new run.");
  elapsed_ = elapsed->second.item();
  step_ = resumed_->step;
  saved_ = resumed_->path;
}

void TrainingRun::check_same(const Command& saved) const {
  if (!resumed_) return;
  const std::string other = setting_differences(read_settings(*resumed_, saved.full_name()), saved_settings(saved));
  if (!other.empty())
    fail<CheckpointError>("resume", resumed_->path, " is of another run: ", other,
                          ". Give the flags of that run, or another --out to start a new run.");
}

void TrainingRun::begin(const Command& command, const Command& saved) {
  metadata_ = {
      {"command", saved.full_name()}, {"settings", saved_settings(saved).dump()}, {"version", DIMWISE_VERSION}};
  folder_ = std::make_unique<RunFolder>(
      flags_.out, command, RunFolder::Options{.resumed = resumed_, .overwrite = flags_.overwrite, .lock = lock_});
  progress_ = std::make_unique<Progress>(flags_.steps, step_, progress_style(flags_.quiet, flags_.no_progress));
}

void TrainingRun::run(const Body& body) {
  if (resumed_) {
    for (const std::string& skipped : resumed_->skipped) say("warning: skipped " + skipped);
    say("resumed from " + resumed_->path);
  }
  counted_until_ = Clock::now();
  const auto ended = [&] { return share_done() >= 1 || (body.finished && body.finished()); };
  while (!ended() && !stop_.pending()) {
    try {
      advance(body);
    } catch (const SolverError& error) {
      diverged(error.what());
    } catch (const ValueError& error) {
      if (!flags_.debug_nans) throw;
      diverged(error.what());
    }
    if (step_ % flags_.checkpoint_every == 0 && !ended()) save(body);
  }
  progress_->finish();
  save(body);
  if (stop_.pending() && !ended()) {
    folder_->log(fmt::format("interrupted at step {}", step_));
    throw Interrupted(stop_.pending(), "saved " + saved_ + "; continue with the same command and --resume auto");
  }
}

double TrainingRun::share_done() const {
  const double steps = static_cast<double>(step_) / static_cast<double>(flags_.steps);
  return std::min(flags_.minutes > 0 ? elapsed_ / (60 * flags_.minutes) : steps, 1.0);
}

void TrainingRun::say(const std::string& text) {
  folder_->log(text);
  if (!flags_.quiet) progress_->say(text);
}

void TrainingRun::say_batch(int64_t all, const std::string& what) {
  if (all < flags_.batch_size)
    say(fmt::format("batch: {} {}, all of them, instead of {}", all, what, flags_.batch_size));
}

void TrainingRun::check_finite(double loss, double gradient_norm) const {
  if (!std::isfinite(loss) || !std::isfinite(gradient_norm))
    diverged(fmt::format("the loss is {:g} and the gradient's norm {:g}.", loss, gradient_norm));
}

void TrainingRun::diverged(const std::string& what) const {
  const std::string text = fmt::format(
      "step {}: {} {} {}", step_, what,
      saved_.empty() ? "There is no checkpoint yet." : "The last good checkpoint is " + saved_ + ".", advice_);
  folder_->log("diverged at " + text);
  throw Diverged("[train] " + text);
}

void TrainingRun::advance(const Body& body) {
  Tick tick = body.step();
  tick.step = ++step_;
  if (flags_.minutes > 0) {
    const auto now = Clock::now();
    elapsed_ += std::chrono::duration<double>(now - counted_until_).count();
    counted_until_ = now;
    progress_->expect(std::llround(static_cast<double>(step_) / std::max(share_done(), 1e-9)));
  }
  progress_->update(tick);
  if (body.evaluate && (step_ % flags_.eval_every == 0 || share_done() >= 1)) body.evaluate();
}

void TrainingRun::save(const Body& body) {
  std::map<std::string, Tensor> tensors = body.tensors();
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with("model."))
      for (const double v : tensor.values())
        if (!std::isfinite(v)) diverged(fmt::format("a weight is {:f}.", v));
  tensors.emplace("elapsed", scalar(elapsed_, DType::float64));
  saved_ = folder_->save(step_, tensors, metadata_);
}

}  // namespace dimwise::app
