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

State detached(const State& state) {
  State values;
  for (const Tensor& part : state) values.push_back(stop_gradient(part));
  return values;
}

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

const Tableau& esdirk(const std::string& name) {
  const auto all = esdirk_tableaux();
  return **std::find_if(all.begin(), all.end(), [&](const Tableau* each) { return each->name == name; });
}

}  // namespace

DiagonallyImplicit::DiagonallyImplicit(const Tableau& tableau, const std::shared_ptr<System>& system, double t,
                                       const State& y, State derivative)
    : Stepper(system, t, y, std::move(derivative)),
      tableau_(tableau),
      stiff_(system->split() && tableau.additive() ? system->stiff() : system),
      nonstiff_(system->split() && tableau.additive() ? system->nonstiff() : nullptr),
      gamma_(tableau.a[1][1]),
      control_(tableau.order),
      corrector_(stiff_, true) {
  for (size_t i = 0; i < tableau.stages(); ++i) {
    const std::vector<double> before(tableau.c.begin(), tableau.c.begin() + static_cast<std::ptrdiff_t>(i));
    extrapolation_.push_back(i == 0 ? before : extrapolation(before, tableau.c[i]));
  }
  if (!additive()) return;
  end_ = tableau.b;
  for (size_t j = 0; j < tableau.explicit_a.back().size(); ++j) end_[j] -= tableau.explicit_a.back()[j];
}

std::unique_ptr<Stepper> DiagonallyImplicit::clone() const {
  auto copy = std::make_unique<DiagonallyImplicit>(*this);
  copy->taken_ = {};
  return copy;
}

double DiagonallyImplicit::first_dt(double end) {
  return first_step(*system_, t_, end, y_, derivative(), tableau_.order);
}

DiagonallyImplicit::Step DiagonallyImplicit::begin(double t1) {
  if (!additive()) return {t_, t1, y_, {}, {derivative()}, {}, {{}}};
  if (slopes_.empty()) slopes_ = {stiff_->f(t_, y_), nonstiff_->f(t_, y_)};
  return {t_, t1, y_, {}, {slopes_[0]}, {slopes_[1]}, {{}}};
}

// h Σ_j (a_j k_j + explicit_a_j g_j) over the known slopes, plus a start.
State DiagonallyImplicit::sum(const Step& step, const std::vector<double>& a, const std::vector<double>& explicit_a,
                              const State* start) const {
  std::vector<const State*> terms;
  std::vector<double> weights;
  const auto add = [&](const std::vector<State>& slopes, const std::vector<double>& numbers) {
    for (size_t j = 0; j < std::min(slopes.size(), numbers.size()); ++j) {
      terms.push_back(&slopes[j]);
      weights.push_back(step.h() * numbers[j]);
    }
  };
  add(step.k, a);
  add(step.g, explicit_a);
  if (start) {
    terms.push_back(start);
    weights.push_back(1);
  }
  return combination(terms, weights);
}

StepEquation DiagonallyImplicit::equation(const Step& step, size_t stage) const {
  const double c = tableau_.c[stage];
  const std::vector<double> none, &explicit_a = additive() ? tableau_.explicit_a[stage] : none;
  return {c == 1 ? step.t1 : step.t + c * step.h(), step.h() * gamma_,
          sum(step, tableau_.a[stage], explicit_a, &step.y)};
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
  if (additive()) step.g.push_back(nonstiff_->f(equation.t, y));
  step.stages.push_back(std::move(y));
}

// y₁: the last stage, whose non-stiff slopes have other weights.
State DiagonallyImplicit::end(const Step& step) const { return sum(step, {}, end_, &step.stages.back()); }

Attempt DiagonallyImplicit::attempt(double t1, bool control) {
  tried_ = begin(t1);
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
  tried_.y1 = end(tried_);
  attempt.y1 = tried_.y1;
  attempt.bad = first_non_finite(tried_.y1);
  if (!control || attempt.bad.tensor >= 0) return attempt;
  const State error = sum(tried_, tableau_.error, tableau_.error, nullptr);
  attempt.error = system_->norm(error, tried_.y, tried_.y1);
  if (!(attempt.error <= 1)) attempt.worst = system_->norm.worst(error, tried_.y, tried_.y1);
  return attempt;
}

double DiagonallyImplicit::accept(const Attempt& attempt) {
  const double length = std::abs(tried_.h());
  Step recorded = begin(tried_.t1);
  {
    const NoGrad guard;
    for (std::vector<State>* slopes : {&tried_.k, &tried_.g})
      if (!slopes->empty()) slopes->front() = detached(slopes->front());
    tried_.y = detached(tried_.y);
    last_ = interpolant_of(tried_);
  }
  taken_ = tried_;
  if (system_->records(y_, recorded.k[0]) || (additive() && system_->records(y_, recorded.g[0]))) {
    for (size_t i = 1; i < tableau_.stages(); ++i) {
      const StepEquation stage = equation(recorded, i);
      add_stage(recorded, stage, corrector_.attach(stage, tried_.stages[i]));
    }
    recorded.y1 = end(recorded);
    taken_ = std::move(recorded);
  }
  t_ = taken_.t1;
  y_ = taken_.y1;
  derivative_ = additive() ? State{} : taken_.k.back();
  slopes_.clear();
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
  const auto& weights = additive() ? tableau_.additive_interpolant : tableau_.interpolant;
  for (size_t s = 0; s < tableau_.stages(); ++s) {
    if (weights[s].empty()) continue;
    interpolant.v.push_back(additive() ? combination({&step.k[s], &step.g[s]}, {1, 1}) : step.k[s]);
    interpolant.p.push_back({0});
    for (const double coefficient : weights[s]) interpolant.p.back().push_back(step.h() * coefficient);
  }
  interpolant.v.push_back(step.y);
  interpolant.p.push_back({1});
  return interpolant;
}

double DiagonallyImplicit::interpolation_error() {
  const NoGrad guard;
  const Interpolant interpolant = interpolant_of(tried_);
  const double t = tried_.t + probe * tried_.h();
  const State y = interpolant.at(t);
  State slope = interpolant.slope(t);
  if (additive()) {
    const State g = nonstiff_->f(t, y);
    slope = combination({&g, &slope}, {-1, 1});
  }
  const State error = corrector_.defect(t, tried_.h() * gamma_, y, slope);
  return system_->norm(error, tried_.y, tried_.y1);
}

Interpolant DiagonallyImplicit::interpolant() { return interpolant_of(taken_); }

const Family& diagonally_implicit() {
  static const Family family = [] {
    Family made;
    for (const Tableau* method : esdirk_tableaux()) made.names.push_back(method->name);
    made.adaptive = [](const std::string&) { return true; };
    made.implicit = [](const std::string&) { return true; };
    made.imex = [](const std::string& name) { return esdirk(name).additive(); };
    made.make = [](const std::shared_ptr<System>& system, double t, const State& y, State derivative) {
      return std::make_unique<DiagonallyImplicit>(esdirk(system->options.method), system, t, y, std::move(derivative));
    };
    return made;
  }();
  return family;
}

}  // namespace dimwise::ode
