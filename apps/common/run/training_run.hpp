#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "apps/common/cli/common_flags.hpp"
#include "apps/common/run/progress.hpp"
#include "apps/common/run/run_folder.hpp"
#include "apps/common/run/signals.hpp"

namespace dimwise::app {

/// The parts that every training shares: run folder, checkpoints and resuming, the end by steps or by time, progress,
/// signals.
///
/// Example: `TrainingRun run(flags, "Start a new run with a smaller --lr."); …; run.begin(command, saved);
/// run.run({.step = …, .tensors = …});`
class TrainingRun {
 public:
  /// The parts that differ between apps.
  struct Body {
    /// Takes optimizer step run.step(), and returns the numbers for the progress line, whose `step` the run sets.
    std::function<Tick()> step;
    /// The tensors of a checkpoint. Those named `model.…` are weights, which must be finite.
    std::function<std::map<std::string, Tensor>()> tensors;
    /// Called after every `eval_every` steps and after the last; run.step() is then the number of steps done.
    std::function<void()> evaluate = nullptr;
    /// Returns true to end before the last step. Called before each step, also of a resumed run.
    std::function<bool()> finished = nullptr;
  };

  /// Locks the run folder if it exists, finds the checkpoint to resume from, and writes nothing else. From now on a
  /// signal ends the run after a step.
  ///
  /// `advice` ends the error of a diverged run, such as "Start a new run with a smaller --lr." Throws CheckpointError,
  /// and UsageError if another process writes the folder.
  TrainingRun(const CommonFlags& flags, std::string advice);

  const std::optional<Checkpoint>& resumed() const { return resumed_; }
  /// Throws CheckpointError with every setting of `saved` whose value in the resumed run differs, and for a checkpoint
  /// of another command. `saved` is the saved_command of the settings.
  void check_same(const Command& saved) const;
  /// Creates the run folder and writes the configuration of `command`; checkpoints get the settings of `saved`. Call it
  /// after the state is built, so that a failure until then changes no files. Throws Error when the folder cannot be
  /// written.
  void begin(const Command& command, const Command& saved);
  /// Trains to the end and saves.
  ///
  /// Throws Interrupted, Diverged, CheckpointError and what the body throws; its SolverError, and its ValueError under
  /// --debug-nans, become Diverged.
  void run(const Body& body);

  /// Steps done.
  int64_t step() const { return step_; }
  /// The share of the training that is done, from 0 to 1: by steps, or by time if flags.minutes > 0.
  double share_done() const;
  RunFolder& folder() { return *folder_; }
  /// The path of the last good checkpoint; empty if there is none.
  const std::string& saved() const { return saved_; }
  /// Writes a line to the log and, unless quiet, to stderr. Call it after begin().
  void say(const std::string& text);
  /// Says it if a batch of the size that was asked for is reduced to all there are, as "batch: 400 rows, all of them,
  /// instead of 1000".
  void say_batch(int64_t all, const std::string& what);
  /// Throws Diverged unless the loss and the norm of its gradient are finite.
  void check_finite(double loss, double gradient_norm) const;
  /// Throws Diverged with the event, the step, the last good checkpoint and the advice.
  [[noreturn]] void diverged(const std::string& what) const;

 private:
  using Clock = std::chrono::steady_clock;
  void advance(const Body& body);
  void save(const Body& body);

  const StopSignals stop_;  // the first member, so that signals are handled from the start
  CommonFlags flags_;
  std::string advice_;
  std::shared_ptr<const RunLock> lock_;
  std::optional<Checkpoint> resumed_;
  int64_t step_ = 0;
  double elapsed_ = 0;  // seconds of training over all sessions, if the run ends by time
  Clock::time_point counted_until_;
  std::string saved_;
  std::map<std::string, std::string> metadata_;  // of checkpoints: the command that trains, and its settings
  std::unique_ptr<RunFolder> folder_;
  std::unique_ptr<Progress> progress_;
};

}  // namespace dimwise::app
