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

/// The style for stderr: off when asked for, rewriting on a capable terminal without NO_COLOR, otherwise lines.
ProgressStyle progress_style(bool quiet, bool no_progress);

/// What is known after a step. Only what is set is shown.
struct Tick {
  int64_t step = 0;
  std::optional<double> loss = {};
  std::optional<int64_t> evaluations_forward = {};   ///< of the drift, in the last solve
  std::optional<int64_t> evaluations_backward = {};  ///< of the drift, in its adjoint
  std::optional<double> gradient_norm = {};
  std::string more = {};  ///< what else is to be shown, as it is
};

/// The progress line: step, share done, time left, steps a second, loss, function evaluations, gradient norm, and more.
class Progress {
 public:
  /// `start` is the step resumed from: what was done earlier does not count into the speed.
  Progress(int64_t total, int64_t start, ProgressStyle style, std::ostream& out = std::cerr);
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Takes note of a step; prints when it is time.
  void update(const Tick& tick);
  /// Replaces the number of steps that are to come to, where it is only estimated.
  void expect(int64_t total) { total_ = total; }
  /// Prints a line of its own, without disturbing the progress line.
  void say(const std::string& text);
  /// Prints the last step if it was not, and ends the line.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  void print(Clock::time_point now);

  int64_t total_;
  ProgressStyle style_;
  std::ostream& out_;
  Tick tick_;
  bool shown_ = true;       // whether tick_ has been printed
  bool line_open_ = false;  // whether the cursor stands behind a rewritten line
  Clock::time_point printed_at_;
  int64_t printed_step_;
  double rate_ = 0;  // steps a second, smoothed
};

/// The text of the progress line. `rate` is in steps a second.
std::string progress_line(const Tick& tick, int64_t total, double rate);

}  // namespace dimwise::app
