#pragma once

#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>

namespace dimwise::app {

/// How progress is shown.
enum class ProgressStyle {
  off,
  lines,      ///< a plain line every few seconds, without escape codes: for files and pipes
  rewriting,  ///< one line, rewritten in place: for terminals
};

/// The style for stderr: off on request, rewriting on a terminal without NO_COLOR, otherwise lines.
ProgressStyle progress_style(bool quiet, bool no_progress);

/// The numbers of a step for the progress line, which shows those that are set.
struct Tick {
  int64_t step = 0;
  std::optional<double> loss = {};
  std::optional<int64_t> evaluations_forward = {};   ///< of the dynamics, in the last solve
  std::optional<int64_t> evaluations_backward = {};  ///< of the dynamics, in its adjoint
  std::optional<double> gradient_norm = {};
  std::string more = {};  ///< further text
};

/// The progress line: step, share done, time left, steps a second, loss, function evaluations, gradient norm, and more.
class Progress {
 public:
  /// `start` is the step that the run resumes from; the speed does not count earlier steps.
  Progress(int64_t total, int64_t start, ProgressStyle style, std::ostream& out = std::cerr);
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Records a step, and prints it if enough time has passed.
  void update(const Tick& tick);
  /// Changes the total number of steps, for runs that end by time and estimate it.
  void expect(int64_t total) { total_ = total; }
  /// Prints a separate line above the progress line.
  void say(const std::string& text);
  /// Prints the last step unless it is already printed, and ends the line.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  void print(Clock::time_point now);

  int64_t total_;
  ProgressStyle style_;
  std::ostream& out_;
  Tick tick_;
  bool shown_ = true;       // whether tick_ has been printed
  bool line_open_ = false;  // whether the cursor is behind a rewritten line
  Clock::time_point printed_at_;
  int64_t printed_step_;
  double rate_ = 0;  // steps a second, smoothed
};

/// The text of the progress line. `rate` is in steps a second.
std::string progress_line(const Tick& tick, int64_t total, double rate);

}  // namespace dimwise::app
