#pragma once

#include "hollow/ode/step.hpp"

namespace dimwise::ode {

/// A component of a state: tensor and element. None if `tensor` is negative.
struct Component {
  int tensor = -1;
  int64_t element = 0;
};

/// The RMS of error / (atol + rtol·max(|y|, |y1|)) over all elements of the tensors that are defined in `error`.
double error_norm(const State& error, const State& y, const State& y1, double rtol, double atol);
/// The size of a step's error in that measure; `estimate` is the method's error estimate.
double step_error(const Tableau& method, const Step& step, const State& estimate, const OdeOptions& options);
/// The component with the largest error in that measure.
Component worst_component(const State& error, const State& y, const State& y1, double rtol, double atol);
/// The first component that is a NaN or an infinity.
Component first_non_finite(const State& y);
/// For people: "tensor 0, element 3 = 1.5".
std::string describe(const Component& which, const State& y);

/// A first step length, from one more evaluation of f. Hairer, Nørsett, Wanner, Solving ODEs I, II.4.
double initial_step(const Tableau& method, const Field& f, double t, double direction, const State& y, const State& k1,
                    const OdeOptions& options);

/// The step length that follows from the errors: proportional–integral control (Hairer & Wanner, Solving ODEs II,
/// IV.2).
class StepControl {
 public:
  explicit StepControl(int order) : exponent_(1.0 / order) {}

  /// The factor on the step length after an error ≤ 1, and after one above.
  double accepted(double error);
  double rejected(double error);

 private:
  double exponent_, previous_ = 1e-4;
  bool after_rejection_ = false;
};

}  // namespace dimwise::ode
