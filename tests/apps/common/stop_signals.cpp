#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/common/run/signals.hpp"
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

}  // namespace dimwise::stop_signals_tests
