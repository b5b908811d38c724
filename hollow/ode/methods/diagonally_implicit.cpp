#include "hollow/ode/methods/diagonally_implicit.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "hollow/ode/methods/family.hpp"

namespace dimwise::ode {

namespace {

// The stages' errors add up, so each is solved to this fraction of the corrector's tolerance.
constexpr double stage_share = 0.3;
constexpr double shrink_unsolved = 0.3;
// Where in a step the interpolant is checked: errors of the slopes at its two ends do not cancel there.
constexpr double probe = 0.7;
// Beyond that many steps, extrapolation of the last polynomial is useless.
constexpr double farthest = 3;

// The smallest weights w with Σ w_j c_j^m = c^m for m = 0, 1, …, at most 3 and below the number of nodes.
std::vector<double> extrapolation(const std::vector<double>& nodes, double c) {
  const size_t n = nodes.size(), powers = std::min<size_t>(n, 4);
  std::vector<double> gram(powers * powers, 0), right(powers);
  for (size_t p = 0; p < powers; ++p) {
    right[p] = std::pow(c, static_cast<double>(p));
    for (size_t q = 0; q < powers; ++q)
      for (const double node : nodes) gram[p * powers + q] += std::pow(node, static_cast<double>(p + q));
  }
  const auto length = static_cast<int64_t>(powers);
  const std::vector<double> multipliers =
      Lu(tensor(gram, {length, length}, DType::float64)).solve(tensor(right, DType::float64)).values();
  std::vector<double> weights(n, 0);
  for (size_t j = 0; j < n; ++j)
    for (size_t p = 0; p < powers; ++p) weights[j] += multipliers[p] * std::pow(nodes[j], static_cast<double>(p));
  return weights;
}

}  // namespace

DiagonallyImplicit::DiagonallyImplicit(const Tableau& tableau, const std::shared_ptr<System>& system, double t,
                                       const State& y, State derivative)
    : Stepper(system, t, y, std::move(derivative)),
      tableau_(tableau),
      gamma_(tableau.a[1][1]),
      control_(tableau.order),
      corrector_(system, true) {
  for (size_t i = 0; i < tableau.stages(); ++i) {
    const std::vector<double> before(tableau.c.begin(), tableau.c.begin() + static_cast<std::ptrdiff_t>(i));
    extrapolation_.push_back(i == 0 ? before : extrapolation(before, tableau.c[i]));
  }
}

std::unique_ptr<Stepper> DiagonallyImplicit::clone() const {
  auto copy = std::make_unique<DiagonallyImplicit>(*this);
  copy->taken_ = {};
  return copy;
}

double DiagonallyImplicit::first_dt(double end) {
  return first_step(*system_, t_, end, y_, derivative(), tableau_.order);
}

StepEquation DiagonallyImplicit::equation(const Step& step, size_t stage) const {
  std::vector<const State*> terms;
  std::vector<double> weights;
  for (size_t j = 0; j < stage; ++j) {
    terms.push_back(&step.k[j]);
    weights.push_back(step.h() * tableau_.a[stage][j]);
  }
  terms.push_back(&step.y);
  weights.push_back(1);
  const double c = tableau_.c[stage];
  return {c == 1 ? step.t1 : step.t + c * step.h(), step.h() * gamma_, combination(terms, weights)};
}

State DiagonallyImplicit::guess(const Step& step, size_t stage, const StepEquation& equation) const {
  if (stage == 1 && last_ && (equation.t - last_->t) / (last_->t1 - last_->t) < farthest) return last_->at(equation.t);
  std::vector<const State*> terms;
  std::vector<double> weights;
  for (size_t j = 0; j < stage; ++j) {
    terms.push_back(&step.k[j]);
    weights.push_back(equation.gamma * extrapolation_[stage][j]);
  }
  terms.push_back(&equation.delta);
  weights.push_back(1);
  return combination(terms, weights);
}

// k comes from the equation, not from f, so that an error of y is not multiplied by ∂f/∂y.
void DiagonallyImplicit::add_stage(Step& step, const StepEquation& equation, State y) const {
  step.k.push_back(combination({&equation.delta, &y}, {-1 / equation.gamma, 1 / equation.gamma}));
  step.stages.push_back(std::move(y));
}

Attempt DiagonallyImplicit::attempt(double t1, bool control) {
  tried_ = Step{t_, t1, y_, {}, {derivative()}, {{}}};
  const NoGrad guard;
  const State weights = system_->norm.weights(y_);
  Attempt attempt;
  for (size_t i = 1; i < tableau_.stages(); ++i) {
    const StepEquation stage = equation(tried_, i);
    Corrector::Result result = corrector_.solve(stage, guess(tried_, i, stage), weights,
                                                stage_share * system_->options.implicit.tolerance, !control);
    attempt.y1 = result.y;
    if (!result.converged) {
      attempt.converged = false;
      return attempt;
    }
    add_stage(tried_, stage, std::move(result.y));
  }
  tried_.y1 = tried_.stages.back();
  attempt.bad = first_non_finite(tried_.y1);
  if (!control || attempt.bad.tensor >= 0) return attempt;
  std::vector<const State*> k;
  std::vector<double> scaled;
  for (size_t j = 0; j < tableau_.stages(); ++j) {
    k.push_back(&tried_.k[j]);
    scaled.push_back(tried_.h() * tableau_.error[j]);
  }
  const State error = combination(k, scaled);
  attempt.error = system_->norm(error, tried_.y, tried_.y1);
  if (!(attempt.error <= 1)) attempt.worst = system_->norm.worst(error, tried_.y, tried_.y1);
  return attempt;
}

double DiagonallyImplicit::accept(const Attempt& attempt) {
  const double length = std::abs(tried_.h());
  {
    const NoGrad guard;
    for (State* state : {&tried_.y, &tried_.k[0]})
      for (Tensor& part : *state) part = stop_gradient(part);
    last_ = interpolant_of(tried_);
  }
  taken_ = tried_;
  if (records(y_, derivative_)) {
    taken_ = Step{tried_.t, tried_.t1, y_, {}, {derivative_}, {{}}};
    for (size_t i = 1; i < tableau_.stages(); ++i) {
      const StepEquation stage = equation(taken_, i);
      add_stage(taken_, stage, corrector_.attach(stage, tried_.stages[i]));
    }
    taken_.y1 = taken_.stages.back();
  }
  t_ = taken_.t1;
  y_ = taken_.y1;
  derivative_ = taken_.k.back();
  return length * control_.accepted(attempt.error);
}

double DiagonallyImplicit::reject(const Attempt& attempt) {
  const double length = std::abs(tried_.h());
  const bool unsolved = !attempt.converged || attempt.bad.tensor >= 0;
  const double factor = control_.rejected(unsolved ? 1 : attempt.error);
  return length * (unsolved ? shrink_unsolved : factor);
}

Interpolant DiagonallyImplicit::interpolant_of(const Step& step) const {
  Interpolant interpolant{step.t, step.t1, step.t, step.h(), {}, {}};
  for (size_t s = 0; s < tableau_.stages(); ++s) {
    if (tableau_.interpolant[s].empty()) continue;
    interpolant.v.push_back(step.k[s]);
    interpolant.p.push_back({0});
    for (const double coefficient : tableau_.interpolant[s]) interpolant.p.back().push_back(step.h() * coefficient);
  }
  interpolant.v.push_back(step.y);
  interpolant.p.push_back({1});
  return interpolant;
}

double DiagonallyImplicit::interpolation_error() {
  const NoGrad guard;
  const Interpolant interpolant = interpolant_of(tried_);
  const double t = tried_.t + probe * tried_.h();
  const State error = corrector_.defect(t, tried_.h() * gamma_, interpolant.at(t), interpolant.slope(t));
  return system_->norm(error, tried_.y, tried_.y1);
}

Interpolant DiagonallyImplicit::interpolant() { return interpolant_of(taken_); }

const Family& diagonally_implicit() {
  static const Family family = [] {
    Family made;
    for (const Tableau* method : esdirk_tableaux()) made.names.push_back(method->name);
    made.adaptive = [](const std::string&) { return true; };
    made.implicit = [](const std::string&) { return true; };
    made.make = [](const std::shared_ptr<System>& system, double t, const State& y, State derivative) {
      const auto all = esdirk_tableaux();
      const auto found = std::find_if(all.begin(), all.end(),
                                      [&](const Tableau* each) { return each->name == system->options.method; });
      return std::make_unique<DiagonallyImplicit>(**found, system, t, y, std::move(derivative));
    };
    return made;
  }();
  return family;
}

}  // namespace dimwise::ode
