#pragma once

#include "hollow/ode/detail/events.hpp"
#include "hollow/ode/methods/method.hpp"

namespace dimwise::ode {

/// Steps in the order taken: the time each ends at, and, of multistep methods, its order.
struct Plan {
  std::vector<double> t;  // the start first
  std::vector<int> orders;
};

/// Carries a method through the requested times: accepts and rejects steps, reads the output, watches the budgets.
class Driver {
 public:
  /// `keep` is filled with every step's polynomial unless it is null; with a plan, its steps are taken.
  Driver(std::unique_ptr<Method> method, std::shared_ptr<System> system, const std::vector<double>& times,
         Trajectory* keep, Plan plan = {});

  /// Goes on for at most that many accepted steps: along the grid, with equal steps or with control, as the options
  /// say.
  void advance(int64_t steps = std::numeric_limits<int64_t>::max());

  bool at_end() const { return ended_ || method_->t() == (plan_.t.empty() ? times_.back() : plan_.t.back()); }
  Method& method() { return *method_; }
  OdeSolution& result() { return result_; }
  /// The solution, once the solve is over.
  OdeSolution finish();

 private:
  Plan equal_steps() const;
  void follow(int64_t until);
  void adapt(int64_t until);
  int64_t tried() const { return system_->statistics.accepted + system_->statistics.rejected; }
  bool start_is_finite();
  double accept(const Attempt& attempt);
  void notice_stiffness();
  void out_of_steps();
  void out_of_evaluations();
  void failed(const Attempt& attempt, double dt);
  void stop(OdeStatus status, double dt, const std::string& what, const std::string& advice);

  std::unique_ptr<Method> method_;
  std::shared_ptr<System> system_;
  std::vector<double> times_;
  Trajectory* keep_;
  Events events_;
  Plan plan_;        // empty with control
  size_t next_ = 1;  // of the plan
  OdeSolution result_;
  double direction_, h_ = 0;
  bool ended_ = false;
  int strained_ = 0;
  std::string worst_;  // of the last step rejected
};

}  // namespace dimwise::ode
