#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace dimwise {

/// The calling thread and `threads − 1` workers that sleep until there is work.
///
/// While its threads work, matrix products and convolutions use one thread each (`OneThreadEach`). Parts of a batch use
/// the cores better than single products do, and results then do not depend on the number of free cores.
///
/// Example: `ThreadPool pool(2); pool.run(8, [&](int64_t i) { results[i] = score(chunks[i]); });`
class ThreadPool {
 public:
  /// Throws ValueError unless threads ≥ 1, Error if the system cannot start them or has no memory for their products.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls task(0) … task(count − 1) and returns when all have finished. Task i runs on thread i mod threads(), in
  /// increasing order; thread 0 is the caller.
  ///
  /// A worker copies the caller's ThreadContext: NoGrad, DiagonalCheck, Scope and observers apply to its tasks too. If
  /// the pool is already running, the caller runs all tasks itself, in order. If several tasks throw, the exception of
  /// the lowest one is rethrown.
  void run(int64_t count, const std::function<void(int64_t)>& task);

 private:
  void work(int64_t thread);
  void end();

  std::vector<std::thread> workers_;
  std::function<void(int64_t)> job_;  // all tasks of one thread
  std::atomic<bool> busy_{false};
  std::atomic<int> round_{0};    // number of the job; negative: stop
  std::atomic<int> working_{0};  // workers that have not finished the job
};

}  // namespace dimwise
