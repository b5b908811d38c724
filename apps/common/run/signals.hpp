#pragma once

namespace dimwise::app {

/// During its lifetime, the first SIGINT, SIGTERM or SIGHUP sets a flag that the program polls between steps, and a
/// second one ends the program at once with 130, 143 or 129. Several objects of one thread share the flag.
///
/// Handlers run on a stack of their own: oneDNN's products use the stack pointer for other memory, so that a handler on
/// the thread's stack would overwrite the heap.
///
/// Example: `StopSignals stop; while (step < steps && !stop.pending()) …; if (stop.pending()) { save(); throw
/// Interrupted(stop.pending(), "saved at step 120; continue with --resume auto"); }`
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The signal received, or 0.
  int pending() const;
};

}  // namespace dimwise::app
