#pragma once

#include "hollow/ode/detail/events.hpp"
#include "hollow/ode/detail/failure.hpp"
#include "hollow/ode/methods/stepper.hpp"

namespace dimwise::ode {

/// Runs a method through the requested times: accepts and rejects steps, interpolates the output, enforces the limits.
class Driver {
 public:
  /// Every step's interpolant is appended to `keep` unless it is null. A nonempty schedule repeats steps, without
  /// events.
  Driver(std::unique_ptr<Stepper> method, std::shared_ptr<System> system, const std::vector<double>& times,
         DenseOutput* keep, StepSchedule schedule = {});

  /// Takes at most that many accepted steps: along the grid, equal ones, or with step control, as the options say.
  void advance(int64_t steps = std::numeric_limits<int64_t>::max());

  bool at_end() const {
    return ended_ || method_->t() == (schedule_.grid.empty() ? times_.back() : schedule_.grid.back());
  }
  Stepper& method() { return *method_; }
  OdeSolution& result() { return result_; }
  /// The solution, after the solve has ended.
  OdeSolution finish();

 private:
  StepSchedule equal_steps() const;
  void follow(int64_t until);
  void adapt(int64_t until);
  int64_t tried() const { return system_->statistics.accepted + system_->statistics.rejected; }
  double accept(const Attempt& attempt);
  bool output_before(double t) const;
  bool interpolates(double t1) const;
  double interpolable(double t1) const;
  bool interpolates_badly(double t1);
  void output(double t, const State& y);
  void tried_step(double dt, bool accepted);
  double below_zero(const State& y) const;
  void check_steady();
  void notice_stiffness();
  void exhausted(Failure failure);
  void stop(const Failure& failure, double dt);

  std::unique_ptr<Stepper> method_;
  std::shared_ptr<System> system_;
  std::vector<double> times_;
  DenseOutput* keep_;
  Events events_;
  StepSchedule schedule_;  // empty with step control
  bool repeats_;           // whether it repeats steps that were taken before
  size_t next_ = 1;        // index into the schedule
  OdeSolution result_;
  double direction_, h_ = 0;
  double longest_ = std::numeric_limits<double>::infinity();  // a step whose interpolant is accurate, as estimated last
  bool ended_ = false;
  int stability_limited_ = 0;
  std::string worst_;  // describes the last rejected step
};

}  // namespace dimwise::ode
