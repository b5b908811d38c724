#pragma once

#include "hollow/ode/methods/runge_kutta.hpp"

namespace dimwise::ode {

/// Begins with tsit5, changes to bdf when stability limits the steps, and back when tsit5's stability would allow steps
/// several times as long as bdf's.
///
/// |λ| is estimated by the power method: now and then one evaluation of f, at a change of y along the direction that
/// the last one gave. Petzold, Automatic selection of methods for solving stiff and nonstiff systems of ordinary
/// differential equations (1983); Sommeijer, Shampine & Verwer, RKC (1998), for the power method.
class Switching final : public Stepper {
 public:
  using Stepper::Stepper;
  std::unique_ptr<Stepper> clone() const override;

  const State& derivative() override { return active_ ? active_->derivative() : Stepper::derivative(); }
  void replace(State y) override;
  double first_dt(double end) override;
  Attempt attempt(double t1, bool control) override;
  double accept(const Attempt& attempt) override;
  double reject(const Attempt& attempt) override { return active_->reject(attempt); }
  Interpolant interpolant() override { return active_->interpolant(); }
  double interpolation_error() override { return active_->interpolation_error(); }
  std::optional<int> order() const override { return stiff_ ? active_->order() : 0; }
  void prescribe(int order) override;
  void visit(const std::function<void(Tensor&)>& each) override;

 private:
  void use(bool stiff);
  double after_explicit(double length, double next);
  double after_stiff(double next);
  double fastest_rate(const State& slope, const State& weights);

  std::shared_ptr<Stepper> active_;  // null before the first step; not shared
  bool stiff_ = false;               // which method that is
  bool next_stiff_ = false;          // of the next attempt
  bool control_ = false;             // of the last attempt: prescribed steps prescribe the method, too
  State direction_;                  // of the fastest component, untracked; empty if it is not known
  int wait_ = 0;                     // accepted steps until the next estimate
  int limited_ = 0;                  // successive estimates by which stability limits explicit steps
  double checked_next_ = 0;          // length of the next stiff step when it was last estimated
};

}  // namespace dimwise::ode
