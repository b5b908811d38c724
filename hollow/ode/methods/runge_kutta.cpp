#include "hollow/ode/methods/runge_kutta.hpp"

#include <cmath>

#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "hollow/ode/methods/family.hpp"
#include "ops/linear_combination.hpp"

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

// y + h Σ_j weights_j k_j over the given weights, with the large term last.
State RungeKutta::advance(const Step& step, const std::vector<double>& weights, bool skip_quadratures) const {
  State result;
  std::vector<Tensor> terms;
  std::vector<double> numbers;
  for (size_t i = 0; i < step.y.size(); ++i) {
    terms.clear();
    numbers.clear();
    if (!(skip_quadratures && system_->quadrature(i)))
      for (size_t j = 0; j < weights.size(); ++j) {
        if (weights[j] == 0) continue;
        terms.push_back(step.k[j][i]);
        numbers.push_back(step.h() * weights[j]);
      }
    if (terms.empty()) {
      result.push_back(step.y[i]);
      continue;
    }
    terms.push_back(step.y[i]);
    numbers.push_back(1);
    result.push_back(linear_combination(terms, numbers));
  }
  return result;
}

void RungeKutta::evaluate_stages(Step& step, size_t end) {
  for (size_t s = step.k.size(); s < end; ++s) {
    const double c = tableau_.c[s];
    State argument = tableau_.fsal && s + 1 == tableau_.stages() ? step.y1 : advance(step, tableau_.a[s], true);
    step.k.push_back(system_->f(c == 1 ? step.t1 : step.t + c * step.h(), argument));
    if (s + 2 == tableau_.stages()) step.last_argument = std::move(argument);
  }
}

std::unique_ptr<Stepper> RungeKutta::clone() const {
  auto copy = std::make_unique<RungeKutta>(*this);
  copy->step_ = {};
  return copy;
}

double RungeKutta::first_dt(double end) { return first_step(*system_, t_, end, y_, derivative(), tableau_.order); }

Attempt RungeKutta::attempt(double t1, bool control) {
  step_ = Step{t_, t1, y_, {}, {derivative()}, {}};
  evaluate_stages(step_, tableau_.stages() - (tableau_.fsal ? 1 : 0));
  step_.y1 = advance(step_, tableau_.b, false);
  Attempt attempt;
  attempt.bad = first_non_finite(step_.y1);
  attempt.y1 = step_.y1;
  if (!control) return attempt;
  evaluate_stages(step_, tableau_.stages());
  State error;
  attempt.error = error_norm(step_, error);
  if (!(attempt.error <= 1)) attempt.worst = system_->norm.worst(error, step_.y, step_.y1);
  if (attempt.bad.tensor >= 0 || std::isnan(attempt.error)) attempt.error = std::numeric_limits<double>::infinity();
  return attempt;
}

double RungeKutta::error_norm(const Step& step, State& error) const {
  const NoGrad guard;
  const auto estimate = [&](const std::vector<double>& weights) {
    std::vector<const State*> k;
    std::vector<double> scaled;
    for (size_t j = 0; j < weights.size(); ++j) {
      k.push_back(&step.k[j]);
      scaled.push_back(step.h() * weights[j]);
    }
    return combination(k, scaled);
  };
  error = estimate(tableau_.error);
  const double size = system_->norm(error, step.y, step.y1);
  if (tableau_.error_low.empty() || size == 0) return size;
  const double low = system_->norm(estimate(tableau_.error_low), step.y, step.y1);
  return size * size / std::sqrt(size * size + 0.01 * low * low);
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
  const size_t stages = tableau_.c.size();
  evaluate_stages(step_, stages);
  if (tableau_.fsal && derivative_.empty()) derivative_ = step_.k[tableau_.stages() - 1];
  Interpolant interpolant{step_.t, step_.t1, step_.t, step_.h(), {}, {}};
  for (size_t s = 0; s < stages; ++s) {
    if (tableau_.interpolant[s].empty()) continue;
    interpolant.v.push_back(step_.k[s]);
    interpolant.p.push_back({0});
    for (const double coefficient : tableau_.interpolant[s]) interpolant.p.back().push_back(step_.h() * coefficient);
  }
  interpolant.v.push_back(step_.y);
  interpolant.p.push_back({1});
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
