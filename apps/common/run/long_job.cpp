#include "apps/common/run/long_job.hpp"

#include <algorithm>
#include <chrono>

#include "apps/common/cli/exit_code.hpp"

namespace dimwise::app {

namespace {
constexpr std::chrono::seconds long_time{3};
}

LongJob::LongJob(const CommonFlags& flags)
    : pool_(static_cast<int>(flags.threads)), style_(progress_style(flags.quiet, flags.no_progress)) {}

void LongJob::run(int64_t chunks, const std::function<void(int64_t)>& task) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  std::unique_ptr<Progress> progress;
  for (int64_t done = 0; done < chunks;) {
    const int64_t count = std::min<int64_t>(chunks - done, pool_.threads());
    pool_.run(count, [&](int64_t i) { task(done + i); });
    done += count;
    if (done < chunks && stop_.pending()) throw Interrupted(stop_.pending(), "nothing is written; repeat the command");
    if (progress)
      progress->update({.step = done});
    else if (Clock::now() - begin > long_time)
      progress = std::make_unique<Progress>(chunks, done, style_);
  }
}

}  // namespace dimwise::app
