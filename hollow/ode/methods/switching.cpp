#include "hollow/ode/methods/switching.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/context.hpp"
#include "hollow/ode/methods/multistep.hpp"

namespace dimwise::ode {

namespace {

constexpr int first_estimates = 4, limited_estimates = 2;
constexpr int wait_near = 2, wait_far = 10, wait_stiff = 15;  // steps between estimates
constexpr double far = 0.5;                                   // h·|λ| that is far from any bound
// A component with a larger h·|λ| is not resolved; if it is also this much faster than the solution, it should be
// damped.
constexpr double unresolved = 0.6, faster = 10;
// A step of tsit5 costs as much as several of bdf, and is as accurate as bdf with steps that much shorter.
constexpr double longer = 5;
constexpr double shorter = 0.2;  // a change of bdf's steps that is a reason for an estimate

}  // namespace

std::unique_ptr<Stepper> Switching::clone() const {
  auto copy = std::make_unique<Switching>(*this);
  if (active_) copy->active_ = active_->clone();
  return copy;
}

void Switching::use(bool stiff) {
  if (active_ && stiff == stiff_) return;
  if (stiff)
    active_ = std::make_shared<Multistep>(bdf_family(), system_, t_, y_, active_ ? active_->derivative() : derivative_);
  else
    active_ = std::make_shared<RungeKutta>(tableau("tsit5"), system_, t_, y_, derivative_);
  if (stiff) ++system_->statistics.stiff_phases;
  stiff_ = next_stiff_ = stiff;
  derivative_.clear();
  limited_ = 0;
  wait_ = stiff ? wait_stiff : wait_near;
}

double Switching::first_dt(double end) {
  derivative();
  use(false);
  return active_->first_dt(end);
}

Attempt Switching::attempt(double t1, bool control) {
  use(next_stiff_);
  control_ = control;
  return active_->attempt(t1, control);
}

double Switching::accept(const Attempt& attempt) {
  const double from = t_, next = active_->accept(attempt);
  t_ = active_->t();
  y_ = active_->y();
  if (!control_) return next;
  const NoGrad guard;
  return stiff_ ? after_stiff(next) : after_explicit(std::abs(t_ - from), next);
}

double Switching::after_explicit(double length, double next) {
  if (--wait_ > 0) return next;
  auto& method = static_cast<RungeKutta&>(*active_);
  const State &slope = method.derivative(), bend = method.curvature(), weights = system_->norm.weights(y_);
  int estimates = 1;
  if (direction_.empty()) {
    direction_ = bend;
    estimates = first_estimates;
  }
  double rate = 0;
  while (estimates-- > 0) rate = fastest_rate(slope, weights);
  const double bent = system_->norm(bend, weights);
  const bool limited = length * rate > method.stability_bound() ||
                       (length * rate > unresolved && rate * system_->norm(slope, weights) > faster * bent);
  wait_ = length * rate > far ? wait_near : wait_far;
  limited_ = limited ? limited_ + 1 : 0;
  if (limited_ < limited_estimates) return next;
  next_stiff_ = true;
  checked_next_ = 0;
  // The first step, of order 1, has a tenth of the tolerance as its error.
  return bent > 0 ? std::min(next, std::sqrt(0.2 / bent)) : next;
}

double Switching::after_stiff(double next) {
  if (--wait_ > 0 && next > shorter * checked_next_) return next;
  wait_ = wait_stiff;
  checked_next_ = next;
  const State slope = active_->interpolant().slope(t_), weights = system_->norm.weights(y_);
  // The second estimate confirms the first one, whose direction may be old.
  for (int estimate = 0; estimate < 2; ++estimate)
    if (!(fastest_rate(slope, weights) * next * longer <= unresolved)) return next;
  next_stiff_ = false;
  return 2 * next;
}

// |λ| by one step of the power method, with a change of y as large as the tolerance. Quadratures add no |λ| but 0.
double Switching::fastest_rate(const State& slope, const State& weights) {
  const double size = direction_.empty() ? 0 : system_->norm(direction_, weights);
  if (!(size > 0)) {
    direction_.clear();
    return 0;
  }
  const State moved = combination({&direction_, &y_}, {1 / size, 1}), f = system_->f(t_, moved);
  State change = combination({&f, &slope}, {1, -1});
  const double rate = system_->norm(change, weights);
  if (std::isfinite(rate)) direction_ = std::move(change);
  return rate;
}

void Switching::replace(State y) {
  active_->replace(std::move(y));
  y_ = active_->y();
}

void Switching::prescribe(int order) {
  use(order != 0);
  if (stiff_) active_->prescribe(order);
}

void Switching::visit(const std::function<void(Tensor&)>& each) {
  if (!active_) return Stepper::visit(each);
  active_->visit(each);
  y_ = active_->y();
}

const Family& switching() {
  static const Family family = [] {
    Family made;
    made.names = {"auto_tsit5_bdf"};
    made.multistep = true;
    made.adaptive = made.implicit = [](const std::string&) { return true; };
    made.make = [](const std::shared_ptr<System>& system, double t, const State& y, State derivative) {
      return std::make_unique<Switching>(system, t, y, std::move(derivative));
    };
    return made;
  }();
  return family;
}

}  // namespace dimwise::ode
