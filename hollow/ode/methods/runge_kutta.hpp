#pragma once

#include "hollow/ode/methods/step_control.hpp"
#include "hollow/ode/methods/stepper.hpp"
#include "hollow/ode/methods/tableau.hpp"

namespace dimwise::ode {

/// A step whose h·|λ| is beyond this share of the stability bound is limited by stability: such steps oscillate around
/// it.
inline constexpr double near_stability = 0.9;

/// An explicit Runge–Kutta method, given by its tableau.
class RungeKutta final : public Stepper {
 public:
  RungeKutta(const Tableau& tableau, std::shared_ptr<System> system, double t, const State& y, State derivative)
      : Stepper(std::move(system), t, y, std::move(derivative)),
        tableau_(tableau),
        stability_(tableau.real_stability()),
        control_(tableau.order) {}
  std::unique_ptr<Stepper> clone() const override;

  double first_dt(double end) override;
  Attempt attempt(double t1, bool control) override;
  double accept(const Attempt& attempt) override;
  double reject(const Attempt& attempt) override;
  Interpolant interpolant() override;
  void visit(const std::function<void(Tensor&)>& each) override;
  bool stability_limited() const override { return stability_limited_; }

  /// The fastest component of the last step: an estimate of |λ|, and its direction, untracked. 0 and empty if unknown.
  /// Hairer & Wanner, Solving ODEs II, IV.2.
  struct Fastest {
    double rate = 0;
    State direction;
  };
  Fastest fastest() const;
  /// The extent of the stability region along the negative real axis.
  double stability() const { return stability_; }
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

  const Tableau& tableau_;
  double stability_;
  StepControl control_;
  Step step_;  // last attempted or accepted
  int64_t accepted_ = 0;
  bool stability_limited_ = false;
};

}  // namespace dimwise::ode
