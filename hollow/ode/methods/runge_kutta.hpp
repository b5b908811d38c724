#pragma once

#include "hollow/ode/methods/step_control.hpp"
#include "hollow/ode/methods/stepper.hpp"
#include "hollow/ode/methods/tableau.hpp"

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
  struct Step {
    double t = 0, t1 = 0;
    State y, y1;
    std::vector<State> k;
    State last_argument;  // of the last stage before y1

    double h() const { return t1 - t; }
  };

  State advance(const Step& step, const std::vector<double>& weights, bool skip_quadratures) const;
  void evaluate_stages(Step& step, size_t end);
  double error_norm(const Step& step, State& error) const;
  bool near_stability() const;

  const Tableau& tableau_;
  double stability_bound_;
  StepControl control_;
  Step step_;  // last attempted or accepted
  int64_t accepted_ = 0;
  bool stability_limited_ = false;
};

}  // namespace dimwise::ode
