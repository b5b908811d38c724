#include "apps/common/run/progress.hpp"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace dimwise::app {
namespace {

constexpr std::chrono::milliseconds between_rewrites{100}, between_lines{5000};

std::string clock_time(double seconds) {
  if (!std::isfinite(seconds) || seconds >= 1e7) return "--:--";
  const long s = std::lround(seconds);
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{:02}:{:02}", s / 60, s % 60);
}

size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

// Drops whole fields that do not fit, since half a number is misleading.
std::string fitted(const std::string& line, size_t width) {
  if (line.size() <= width) return line;
  return line.substr(0, std::min(line.rfind(" | ", width), width));
}

}  // namespace

ProgressStyle progress_style(bool quiet, bool no_progress) {
  if (quiet || no_progress) return ProgressStyle::off;
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool plain = (no_color && *no_color) || !terminal || std::string(terminal) == "dumb";
  return isatty(STDERR_FILENO) && !plain ? ProgressStyle::rewriting : ProgressStyle::lines;
}

std::string progress_line(const Tick& tick, int64_t total, double rate) {
  const double left = static_cast<double>(total - tick.step);
  std::string line = fmt::format("step {}/{} {:3.0f}% | {} left", tick.step, total,
                                 std::floor(100.0 * static_cast<double>(tick.step) / static_cast<double>(total)),
                                 clock_time(left / rate));
  line += rate >= 1 || rate == 0 ? fmt::format(" | {:.{}f} it/s", rate, rate < 100 ? 1 : 0)
                                 : fmt::format(" | {:.1f} s/it", 1 / rate);
  if (tick.loss) line += fmt::format(" | loss {:.4f}", *tick.loss);
  if (tick.evaluations_forward) {
    line += fmt::format(" | nfe {}", *tick.evaluations_forward);
    if (tick.evaluations_backward) line += fmt::format("/{}", *tick.evaluations_backward);
  }
  if (tick.gradient_norm) line += fmt::format(" | grad {:.3g}", *tick.gradient_norm);
  if (!tick.more.empty()) line += " | " + tick.more;
  return line;
}

Progress::Progress(int64_t total, int64_t start, ProgressStyle style, std::ostream& out)
    : total_(total), style_(style), out_(out), printed_at_(Clock::now()), printed_step_(start) {}

void Progress::update(const Tick& tick) {
  if (style_ == ProgressStyle::off) return;
  tick_ = tick;
  shown_ = false;
  const auto now = Clock::now();
  const auto pause = style_ == ProgressStyle::rewriting ? between_rewrites : between_lines;
  if (rate_ == 0 || now - printed_at_ >= pause) print(now);
}

void Progress::print(Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - printed_at_).count();
  const double rate = static_cast<double>(tick_.step - printed_step_) / std::max(seconds, 1e-9);
  rate_ = rate_ == 0 ? rate : 0.7 * rate_ + 0.3 * rate;
  const std::string line = progress_line(tick_, total_, rate_);
  if (style_ == ProgressStyle::rewriting) {
    out_ << '\r' << fitted(line, terminal_width() - 1) << "\x1b[K" << std::flush;
    line_open_ = true;
  } else {
    out_ << line << std::endl;
  }
  shown_ = true;
  printed_at_ = now;
  printed_step_ = tick_.step;
}

void Progress::say(const std::string& text) {
  if (line_open_) out_ << "\r\x1b[K";
  out_ << text << std::endl;
  line_open_ = false;
}

void Progress::finish() {
  if (!shown_) print(Clock::now());
  if (line_open_) out_ << std::endl;
  line_open_ = false;
}

}  // namespace dimwise::app
