#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "apps/common/cli/common_flags.hpp"
#include "apps/common/run/progress.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/common/run/signals.hpp"

namespace dimwise::app {

/// What every training has in common: its run folder, checkpoints and resuming, the end by steps or by time, progress,
/// stopping on signals.
///
/// Example: `TrainingRun run(flags, minutes, "Use a smaller --lr."); …; run.begin(command); run.run({.step = …,
/// .tensors = …});`
class TrainingRun {
 public:
  /// What an app adds.
  struct Body {
    /// One optimizer step, number run.step(); what is to be shown of it (its `step` is filled in by the run).
    std::function<Tick()> step;
    /// All that a checkpoint must hold. Those named `model.…` are the weights: the run ends where one is not finite.
    std::function<std::map<std::string, Tensor>()> tensors;
    /// What the run depends on, from saved_settings: what a checkpoint keeps to be read and resumed.
    std::string settings = "{}";
    /// After every `eval_every` steps and after the last; run.step() is then the number of steps done.
    std::function<void()> evaluate = nullptr;
    /// Whether to end before the last step; asked before each one, and so also by a run that is resumed.
    std::function<bool()> finished = nullptr;
  };

  /// Finds the checkpoint to resume from; writes nothing. From here on a signal ends the run after a step.
  ///
  /// `minutes` > 0 ends the run by time instead of by flags.steps. `advice` is what an error of divergence ends with,
  /// as "Use a smaller --lr." Throws CheckpointError.
  TrainingRun(const CommonFlags& flags, double minutes, std::string advice);

  const std::optional<Checkpoint>& resumed() const { return resumed_; }
  /// Throws CheckpointError naming every setting in which the resumed run differs from those `asked` for, and for a
  /// checkpoint that `command` did not write.
  void check_same(const nlohmann::ordered_json& asked, const Command& command) const;
  /// Makes the run folder and writes the configuration. To be called once the state is built, so that nothing is lost
  /// before. Throws Error when the folder cannot be written.
  void begin(const Command& command);
  /// Trains to the end and saves.
  ///
  /// Throws Interrupted, Diverged, CheckpointError and what the body throws; its SolverError, and its ValueError under
  /// --debug-nans, become Diverged.
  void run(const Body& body);

  /// Steps done.
  int64_t step() const { return step_; }
  /// How much of the training is done, from 0 to 1: by steps, or by time where minutes were given.
  double share_done() const;
  RunFolder& folder() { return *folder_; }
  /// The last good checkpoint; empty where there is none.
  const std::string& saved() const { return saved_; }
  /// To the log and, unless quiet, to stderr without disturbing the progress line. From begin() on.
  void say(const std::string& text);
  /// Throws Diverged unless the loss and the norm of its gradient are finite.
  void check_finite(double loss, double gradient_norm) const;
  /// Throws Diverged: what happened at this step, the last good checkpoint, the advice.
  [[noreturn]] void diverged(const std::string& what) const;

 private:
  using Clock = std::chrono::steady_clock;
  void advance(const Body& body);
  void save(const Body& body);

  const StopSignals stop_;  // from the first moment on
  CommonFlags flags_;
  double minutes_;
  std::string advice_;
  std::optional<Checkpoint> resumed_;
  int64_t step_ = 0;
  double elapsed_ = 0;  // seconds of training over all sessions, where they are what ends it
  Clock::time_point counted_until_;
  std::string saved_;
  std::string command_;  // that begins the run, as "dimwise-cnf train"
  std::unique_ptr<RunFolder> folder_;
  std::unique_ptr<Progress> progress_;
};

}  // namespace dimwise::app
