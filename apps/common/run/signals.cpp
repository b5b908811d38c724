#include "apps/common/run/signals.hpp"

#include <signal.h>
#include <unistd.h>

namespace dimwise::app {
namespace {

volatile sig_atomic_t arrived = 0;
int alive = 0;
struct sigaction before_interrupt, before_terminate;

extern "C" void on_stop_signal(int signal) {
  if (arrived) _exit(128 + signal);
  arrived = signal;
}

}  // namespace

StopSignals::StopSignals() {
  if (alive++ > 0) return;
  arrived = 0;
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;  // a write in progress is not cut short
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &before_interrupt);
  sigaction(SIGTERM, &action, &before_terminate);
}

StopSignals::~StopSignals() {
  if (--alive > 0) return;
  sigaction(SIGINT, &before_interrupt, nullptr);
  sigaction(SIGTERM, &before_terminate, nullptr);
}

int StopSignals::pending() const { return arrived; }

}  // namespace dimwise::app
