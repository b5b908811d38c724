#include "nn/parallel/thread_pool.hpp"

#include <signal.h>

#include <chrono>
#include <exception>
#include <system_error>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "ops/detail/blas_memory.hpp"
#include "ops/threads.hpp"

namespace dimwise {

namespace {

// Signals are for the program's threads: workers started during the lifetime of this object block them.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// Waking a sleeping thread takes up to a tenth of a millisecond, which is long compared to a step of a small model. A
// thread therefore polls for this long, yielding the core to others, before it sleeps.
constexpr std::chrono::microseconds watch{200};

// Returns once `value` is no longer `old`.
void await(const std::atomic<int>& value, int old) {
  const auto end = std::chrono::steady_clock::now() + watch;
  while (value.load(std::memory_order_acquire) == old) {
    if (std::chrono::steady_clock::now() > end) return value.wait(old, std::memory_order_acquire);
    std::this_thread::yield();
  }
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  if (threads < 1) fail<ValueError>("thread pool", threads, " threads requested. Use 1 or more.");
  if (threads == 1) return;
  reserve_blas_memory(threads);
  const SignalsBlocked blocked;
  try {
    for (int64_t i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
  } catch (const std::system_error& error) {
    end();
    fail<Error>("thread pool", "the system could start only ", this->threads(), " of ", threads,
                " threads: ", error.what(), ". Use fewer.");
  }
}

ThreadPool::~ThreadPool() { end(); }

void ThreadPool::end() {
  round_.store(-1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::work(int64_t thread) {
  for (int seen = 0;;) {
    await(round_, seen);
    seen = round_.load(std::memory_order_acquire);
    if (seen < 0) return;
    job_(thread);
    if (working_.fetch_sub(1, std::memory_order_acq_rel) == 1) working_.notify_one();
  }
}

void ThreadPool::run(int64_t count, const std::function<void(int64_t)>& task) {
  if (count < 0) fail<ValueError>("ThreadPool", "run of ", count, " tasks. The number must be at least 0.");
  std::vector<std::exception_ptr> errors(static_cast<size_t>(count));
  const auto tasks_of = [&](int64_t thread) {
    for (int64_t i = thread; i < count; i += threads()) try {
        task(i);
      } catch (...) {
        errors[static_cast<size_t>(i)] = std::current_exception();
      }
  };
  std::function<void(int64_t)> job = [&, caller = thread_context()](int64_t thread) {
    thread_context() = caller;
    tasks_of(thread);
  };
  if (workers_.empty() || count <= 1 || busy_.exchange(true)) {
    for (int64_t i = 0; i < count; ++i) task(i);
    return;
  }
  const OneThreadEach one_each;
  job_ = std::move(job);
  working_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
  round_.store((round_.load(std::memory_order_relaxed) + 1) & 0xffff, std::memory_order_release);
  round_.notify_all();
  tasks_of(0);
  for (int left; (left = working_.load(std::memory_order_acquire)) > 0;) working_.wait(left, std::memory_order_acquire);
  busy_.store(false);
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

}  // namespace dimwise
