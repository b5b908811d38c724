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

}  // namespace dimwise::ode
