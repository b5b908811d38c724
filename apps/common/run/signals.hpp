#pragma once

namespace dimwise::app {

/// While it lives, SIGINT and SIGTERM ask the program to stop: the first sets a flag to be polled between steps, a
/// second ends the program at once with 130 or 143. Several may live at a time, of one thread: they share the flag.
///
/// Example: `StopSignals stop; while (step < steps && !stop.pending()) …; if (stop.pending()) { save(); throw
/// Interrupted(stop.pending(), "saved at step 120; continue with --resume auto"); }`
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The signal that came, or 0.
  int pending() const;
};

}  // namespace dimwise::app
