#include "apps/common/run/signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>

namespace dimwise::app {
namespace {

constexpr std::array stops{SIGINT, SIGTERM, SIGHUP};
volatile sig_atomic_t arrived = 0;
int alive = 0;
std::array<struct sigaction, stops.size()> before;

alignas(64) std::array<char, 1 << 16> handler_stack;
stack_t stack_before;

extern "C" void on_stop_signal(int signal) {
  if (arrived) _exit(128 + signal);
  arrived = signal;
}

}  // namespace

StopSignals::StopSignals() {
  if (alive++ > 0) return;
  arrived = 0;
  // Sanitizers have one already.
  sigaltstack(nullptr, &stack_before);
  if (stack_before.ss_flags & SS_DISABLE) {
    const stack_t own{.ss_sp = handler_stack.data(), .ss_flags = 0, .ss_size = handler_stack.size()};
    sigaltstack(&own, nullptr);
  }
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_ONSTACK | SA_RESTART;  // a write in progress is not cut short
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < stops.size(); ++i) sigaction(stops[i], &action, &before[i]);
}

StopSignals::~StopSignals() {
  if (--alive > 0) return;
  for (size_t i = 0; i < stops.size(); ++i) sigaction(stops[i], &before[i], nullptr);
  if (stack_before.ss_flags & SS_DISABLE) sigaltstack(&stack_before, nullptr);
}

int StopSignals::pending() const { return arrived; }

}  // namespace dimwise::app
