#pragma once

#include "hollow/ode/methods/runge_kutta_step.hpp"
#include "hollow/ode/methods/step_control.hpp"
#include "hollow/ode/methods/stepper.hpp"

namespace dimwise::ode {

/// An explicit Runge–Kutta method, given by its tableau.
class RungeKutta final : public Stepper {
 public:
  RungeKutta(const Tableau& tableau, std::shared_ptr<System> system, double t, const State& y, State derivative);
  std::unique_ptr<Stepper> clone() const override;

  double first_dt(double end) override;
  Attempt attempt(double t1, bool control) override;
  double accept(const Attempt& attempt) override;
  double reject(const Attempt& attempt) override;
  Interpolant interpolant() override;
  void visit(const std::function<void(Tensor&)>& each) override;
  bool stability_limited() const override { return stability_limited_; }

  /// h·|λ| of a real λ beyond which stability limits a step.
  double stability_bound() const { return stability_bound_; }
  /// y'' of the last step, by the difference of its slopes; untracked.
  State curvature() const;

 private:
  RungeKuttaStep::Field field();
  double error_norm(State& error) const;
  bool near_stability() const;

  const Tableau& tableau_;
  double stability_bound_;
  StepControl control_;
  RungeKuttaStep step_;  // last attempted or accepted
  int64_t accepted_ = 0;
  bool stability_limited_ = false;
};

}  // namespace dimwise::ode
