#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "apps/common/run/signals.hpp"
#include "autodiff/base/rng.hpp"
#include "ops/matmul.hpp"
#include "ops/threads.hpp"
#include "tests/catch.hpp"

namespace dimwise::stop_signals_tests {

using dimwise::app::StopSignals;

namespace {

// The wait status of a child that sends itself a signal some times.
int child_status(int signal, int times, bool handled) {
  const pid_t child = fork();
  if (child == 0) {
    ::signal(signal, SIG_DFL);
    if (handled) {
      const StopSignals stop;
      for (int i = 0; i < times; ++i) raise(signal);
      _exit(stop.pending() == signal ? 7 : 8);
    }
    { const StopSignals stop; }
    raise(signal);
    _exit(9);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("the first stop signal is remembered and the second ends the program") {
  CHECK(WEXITSTATUS(child_status(SIGINT, 0, true)) == 8);
  CHECK(WEXITSTATUS(child_status(SIGINT, 1, true)) == 7);
  CHECK(WEXITSTATUS(child_status(SIGTERM, 1, true)) == 7);
  CHECK(WEXITSTATUS(child_status(SIGHUP, 1, true)) == 7);
  CHECK(WEXITSTATUS(child_status(SIGHUP, 2, true)) == 129);
  CHECK(WEXITSTATUS(child_status(SIGINT, 2, true)) == 130);
  CHECK(WEXITSTATUS(child_status(SIGTERM, 2, true)) == 143);
}

TEST_CASE("the earlier handling of signals comes back") {
  const int status = child_status(SIGTERM, 1, false);
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
}

TEST_CASE("a signal is remembered by all that live, and forgotten by the next") {
  const pid_t child = fork();
  if (child == 0) {
    {
      const StopSignals outer;
      { const StopSignals inner; }
      raise(SIGINT);
      const StopSignals later;
      if (outer.pending() != SIGINT || later.pending() != SIGINT) _exit(8);
    }
    _exit(StopSignals().pending() == 0 ? 7 : 9);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 7);
}

TEST_CASE("handlers run on a stack of their own, since products use the stack pointer for other memory") {
  const pid_t child = fork();
  if (child == 0) {
    set_threads(1);
    stack_t none{};  // that of the test runner is given up
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
    { const StopSignals before; }
    sigaltstack(nullptr, &none);
    if (!(none.ss_flags & SS_DISABLE)) _exit(10);
    const StopSignals stop;
    struct sigaction now {};
    sigaction(SIGTERM, nullptr, &now);
    sigaltstack(nullptr, &none);
    if (!(now.sa_flags & SA_ONSTACK) || (none.ss_flags & SS_DISABLE) || none.ss_size < (1 << 15)) _exit(8);
    // A handler that runs ten thousand times a second during products of long sums.
    struct sigaction tick {};
    tick.sa_handler = [](int) {};
    tick.sa_flags = SA_ONSTACK | SA_RESTART;
    sigaction(SIGALRM, &tick, nullptr);
    const itimerval often{{0, 100}, {0, 100}};
    const Rng rng(0);
    const Tensor a = rng.split("a").normal({64, 512}), b = rng.split("b").normal({512, 64});
    const std::vector<double> expected = matmul(a, b).values();
    setitimer(ITIMER_REAL, &often, nullptr);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (std::chrono::steady_clock::now() < end)
      if (matmul(a, b).values() != expected) _exit(9);
    _exit(7);
  }
  int status = 0;
  waitpid(child, &status, 0);
  INFO(status);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 7));
}

}  // namespace dimwise::stop_signals_tests
