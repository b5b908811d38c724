#include "hollow/ode/methods/runge_kutta.hpp"

#include <cmath>

#include "autodiff/context.hpp"
#include "hollow/ode/methods/family.hpp"

namespace dimwise::ode {

namespace {
constexpr double near = 0.9;  // stability-limited steps oscillate around the bound
}

RungeKutta::RungeKutta(const Tableau& tableau, std::shared_ptr<System> system, double t, const State& y,
                       State derivative)
    : Stepper(std::move(system), t, y, std::move(derivative)),
      tableau_(tableau),
      stability_bound_(near * tableau.real_stability()),
      control_(tableau.order) {}

RungeKuttaStep::Field RungeKutta::field() {
  return [this](double t, const State& y) { return system_->f(t, y); };
}

std::unique_ptr<Stepper> RungeKutta::clone() const {
  auto copy = std::make_unique<RungeKutta>(*this);
  copy->step_ = {};
  return copy;
}

double RungeKutta::first_dt(double end) { return first_step(*system_, t_, end, y_, derivative(), tableau_.order); }

Attempt RungeKutta::attempt(double t1, bool control) {
  step_ = {&tableau_, t_, t1, y_, {derivative()}, system_->options.quadratures};
  step_.advance(field());
  Attempt attempt;
  attempt.bad = first_non_finite(step_.y1);
  attempt.y1 = step_.y1;
  if (!control) return attempt;
  step_.evaluate(tableau_.stages(), field());
  State error;
  attempt.error = error_norm(error);
  if (!(attempt.error <= 1)) attempt.worst = system_->norm.worst(error, step_.y, step_.y1);
  if (attempt.bad.tensor >= 0 || std::isnan(attempt.error)) attempt.error = std::numeric_limits<double>::infinity();
  return attempt;
}

double RungeKutta::error_norm(State& error) const {
  const NoGrad guard;
  const auto size = [&](const State& estimate) { return system_->norm(estimate, step_.y, step_.y1); };
  error = step_.estimate(tableau_.error);
  return tableau_.error_low.empty() ? size(error)
                                    : combined_error(size(error), size(step_.estimate(tableau_.error_low)));
}

double RungeKutta::accept(const Attempt& attempt) {
  const double length = std::abs(step_.h());
  // Estimating h·|λ| has a cost, so it is done every fourth step.
  if (++accepted_ % 4 == 0) stability_limited_ = near_stability();
  t_ = step_.t1;
  y_ = step_.y1;
  derivative_ = tableau_.fsal && step_.k.size() >= tableau_.stages() ? step_.k[tableau_.stages() - 1] : State{};
  return length * control_.accepted(attempt.error);
}

double RungeKutta::reject(const Attempt& attempt) { return std::abs(step_.h()) * control_.rejected(attempt.error); }

// The last stage of an FSAL method is part of its state, evaluated or not.
void RungeKutta::visit(const std::function<void(Tensor&)>& each) {
  if (tableau_.fsal) derivative();
  Stepper::visit(each);
}

// Estimates |λ| from the last two stages, which are both evaluated at t1: Hairer & Wanner, Solving ODEs II, IV.2.
bool RungeKutta::near_stability() const {
  const NoGrad guard;
  const size_t last = tableau_.stages() - 1;
  if (!tableau_.fsal || tableau_.c[last - 1] != 1 || step_.k.size() < tableau_.stages()) return false;
  const State weights = system_->norm.weights(step_.y1);
  const double slope = system_->norm(combination({&step_.k[last], &step_.k[last - 1]}, {1, -1}), weights);
  const double distance = system_->norm(combination({&step_.y1, &step_.last_argument}, {1, -1}), weights);
  return distance > 0 && std::abs(step_.h()) * slope / distance > stability_bound_;
}

State RungeKutta::curvature() const {
  const NoGrad guard;
  return combination({&step_.k[tableau_.stages() - 1], &step_.k.front()}, {1 / step_.h(), -1 / step_.h()});
}

Interpolant RungeKutta::interpolant() {
  Interpolant interpolant = step_.interpolant(field());
  if (tableau_.fsal && derivative_.empty()) derivative_ = step_.k[tableau_.stages() - 1];
  return interpolant;
}

const Family& explicit_runge_kutta() {
  static const Family family = [] {
    Family made;
    for (const Tableau* method : tableaux()) made.names.push_back(method->name);
    made.adaptive = [](const std::string& name) { return tableau(name).adaptive(); };
    made.implicit = [](const std::string&) { return false; };
    made.make = [](const std::shared_ptr<System>& system, double t, const State& y, State derivative) {
      return std::make_unique<RungeKutta>(tableau(system->options.method), system, t, y, std::move(derivative));
    };
    return made;
  }();
  return family;
}

}  // namespace dimwise::ode
