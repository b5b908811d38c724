#pragma once

#include <functional>
#include <memory>

#include "apps/common/cli/common_flags.hpp"
#include "apps/common/run/progress.hpp"
#include "apps/common/run/signals.hpp"
#include "nn/parallel/thread_pool.hpp"

namespace dimwise::app {

/// A computation in chunks on `--threads`, which shows its progress if it takes long and ends at a signal.
///
/// Example: `LongJob job(flags); job.run(chunks, [&](int64_t i) { parts[i] = score(chunk(i)); });`
class LongJob {
 public:
  /// From now on a signal ends the job after the chunks that are in work.
  explicit LongJob(const CommonFlags& flags);

  /// Calls task(0) … task(chunks − 1) as `ThreadPool::run` does. Throws Interrupted.
  void run(int64_t chunks, const std::function<void(int64_t)>& task);

 private:
  const StopSignals stop_;
  ThreadPool pool_;
  ProgressStyle style_;
};

}  // namespace dimwise::app
