#pragma once

#include "hollow/ode/detail/dense_output.hpp"
#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// Detects sign changes of the event functions over each step.
class Events {
 public:
  Events(const std::vector<OdeEvent>& events, double t, const State& y);

  bool any() const { return !events_.empty(); }
  /// The events in a step, in the order of the solve; none after a terminal one.
  std::vector<OdeEventReached> crossed(const Interpolant& interpolant, const State& y1);
  bool terminal(const OdeEventReached& reached) const { return events_[reached.event].terminal; }

 private:
  struct Sample {
    double t, g;
  };
  double value(size_t i, double t, const State& y) const;
  double root(size_t i, const Interpolant& interpolant, const Sample& a, const Sample& b) const;
  Sample border(size_t i, const Interpolant& interpolant, Sample number, double nan) const;
  // Appends the root between two neighboring samples.
  void search(size_t i, const Interpolant& interpolant, const Sample& a, const Sample& b, std::vector<double>& roots);

  std::vector<OdeEvent> events_;
  std::vector<double> g_;     // values at the end of the last step
  std::vector<Sample> lost_;  // where each event was last a number before it was NaN
  bool started_ = false;
};

}  // namespace dimwise::ode
