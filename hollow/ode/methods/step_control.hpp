#pragma once

namespace dimwise::ode {

/// Step length control from the errors, proportional–integral (Hairer & Wanner, Solving ODEs II, IV.2).
class StepControl {
 public:
  explicit StepControl(int order) : exponent_(1.0 / order) {}

  /// The factor on the step length after an error ≤ 1, and after an error > 1.
  double accepted(double error);
  double rejected(double error);

 private:
  double exponent_, previous_ = 1e-4;
  bool after_rejection_ = false;
};

/// The first step length for a method of that order, from the norms of y, of f, and of the change of f over a trial
/// step per its length. Hairer, Nørsett, Wanner, Solving ODEs I, II.4.
double trial_length(double y, double f, double longest);
double first_length(double trial, double f, double change, int order, double longest);

/// The next step on the way to `end`, of about the length h.
struct NextStep {
  double h = 0;         ///< the length asked for, within the limits
  double shortest = 0;  ///< a shorter one is not tried
  double t1 = 0;
  bool last = false;
};
NextStep next_step(double t, double end, double h, double dt_min, double dt_max);

}  // namespace dimwise::ode
