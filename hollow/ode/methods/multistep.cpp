#include "hollow/ode/methods/multistep.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "hollow/ode/implicit/initial_slope.hpp"
#include "ops/linear_combination.hpp"

namespace dimwise::ode {

namespace {

// The step and order control of Byrne & Hindmarsh (1975), with VODE's and CVODE's biases: the proposed step is shorter
// than the error estimates allow, the more so for a change of order.
constexpr double bias_lower = 6, bias_same = 6, bias_higher = 10, addition = 1e-6;
constexpr double multistep_grow_least = 1.5;  // below it the step, and so the LU factors, are kept
constexpr double grow_first = 1e4, grow_later = 10;
constexpr double shrink_corrector = 0.25, multistep_shrink_most = 0.1, shrink_again = 0.2;
constexpr int most_failures = 3, long_wait = 10;
constexpr double algebraic_share = 0.2;

double growth(double error, double bias, int order) { return 1 / (std::pow(bias * error, 1.0 / order) + addition); }

}  // namespace

std::vector<double> times_linear(const std::vector<double>& p, double constant, double slope) {
  std::vector<double> product(p.size() + 1);
  for (size_t i = 0; i < p.size(); ++i) {
    product[i] += p[i] * constant;
    product[i + 1] += p[i] * slope;
  }
  return product;
}

Multistep::Multistep(const MultistepFamily& family, const std::shared_ptr<System>& system, double t, const State& y,
                     State derivative)
    : Stepper(system, t, y, std::move(derivative)), family_(family), grow_most_(grow_first) {
  if (!family.explicit_) corrector_.emplace(system, family.stiff);
}

Multistep::Multistep(const MultistepFamily& family, const std::shared_ptr<System>& system, double t, Nordsieck z,
                     double h)
    : Multistep(family, system, t, z[0], {}) {
  z_ = std::move(z);
  order_ = next_order_ = static_cast<int>(z_.size()) - 1;
  h_ = h;
  lengths_.assign(z_.size(), h);
}

std::unique_ptr<Stepper> Multistep::clone() const {
  auto copy = std::make_unique<Multistep>(*this);
  copy->tried_ = {};
  return copy;
}

int Multistep::highest() const {
  const int wanted = system_->options.max_order;
  return wanted > 0 ? std::min(wanted, family_.max_order) : family_.max_order;
}

void Multistep::begin(double end) {
  if (z_.empty()) z_ = {y_, initial_slope(system_, t_, end, y_, derivative())};
}

double Multistep::first_dt(double end) {
  begin(end);
  return first_step(*system_, t_, end, y_, z_[1], 2);
}

// The times of the solutions before t + h, in units of h.
Past Multistep::past(double h) const {
  Past past{1};
  double sum = h;
  for (const double length : lengths_) {
    sum += length;
    past.push_back(sum / h);
  }
  return past;
}

// The polynomial at t_ with the order of the next attempt.
Nordsieck Multistep::base() const {
  // In steps of length 1. With a mass matrix, f is not y'.
  if (restart_) return {y_, system_->mass ? combination({&z_[1]}, {1 / h_}) : system_->f(t_, y_)};
  if (next_order_ == order_) return z_;
  Nordsieck z = z_;
  Past behind;
  double sum = 0;
  for (const double length : lengths_) behind.push_back((sum += length) / h_);
  const auto change = [&](const std::vector<double>& p, const State& by, double sign) {
    for (size_t j = 2; j < z.size(); ++j)
      if (p[j] != 0) z[j] = combination({&by, &z[j]}, {sign * p[j], 1});
  };
  for (int order = order_; order > next_order_; --order) {
    const State highest = z.back();
    z.pop_back();
    if (order > 2) change(family_.lower(order, behind), highest, -1);
  }
  if (next_order_ > order_) {
    const std::vector<double> p = family_.raise(order_, behind);
    change(p, correction_, 1);
    z.push_back(combination({&correction_}, {p.back()}));
  }
  return z;
}

// The same polynomial at the end of a step of length ratio·h_, scaled to that length, by Pascal's triangle.
Nordsieck Multistep::predicted(const Nordsieck& z, double ratio) const {
  Nordsieck result;
  for (size_t j = 0; j < z.size(); ++j) {
    std::vector<const State*> terms;
    std::vector<double> weights;
    double binomial = 1, power = std::pow(ratio, static_cast<double>(j));
    for (size_t i = j; i < z.size(); ++i) {
      terms.push_back(&z[i]);
      weights.push_back(binomial * power);
      binomial = binomial * static_cast<double>(i + 1) / static_cast<double>(i + 1 - j);
      power *= ratio;
    }
    std::reverse(terms.begin(), terms.end());
    std::reverse(weights.begin(), weights.end());
    result.push_back(combination(terms, weights));
  }
  return result;
}

Attempt Multistep::attempt(double t1, bool control) {
  begin(t1);
  const double h = t1 - t_;
  const Nordsieck z = base();
  const double scaled_for = restart_ ? 1 : h_;
  tried_ = {h, restart_ ? 1 : next_order_, restart_, predicted(z, h / scaled_for), {}, {}, {}, {}};
  tried_.step = family_.step(tried_.order, past(h));
  // y1 = predicted + e with h f(t1, y1) = l'(0) e + predicted h y'.
  const double slope = tried_.step.l[1];
  tried_.equation = {t1, h / slope, combination({&tried_.predicted[1], &tried_.predicted[0]}, {-1 / slope, 1})};

  const State weights = system_->norm.weights(y_);
  Attempt attempt;
  attempt.converged = correct(h, weights, !control);
  attempt.y1 = tried_.y;
  attempt.bad = first_non_finite(tried_.y);
  if (!control || !attempt.converged || attempt.bad.tensor >= 0) return attempt;
  const NoGrad guard;
  tried_.correction = combination({&tried_.predicted[0], &tried_.y}, {-1, 1});
  attempt.error = tried_.step.error * system_->norm(tried_.correction, weights);
  if (!(attempt.error <= 1)) attempt.worst = system_->norm.worst(tried_.correction, y_, tried_.y);
  return attempt;
}

bool Multistep::correct(double h, const State& weights, bool patient) {
  if (!family_.explicit_) {
    // No integration smooths the error of an algebraic component: the error estimates take it for one of the step.
    const double share = (system_->mass ? algebraic_share : 1) * system_->options.implicit.tolerance;
    const Corrector::Result result =
        corrector_->solve(tried_.equation, tried_.predicted[0], weights, share / tried_.step.error, patient);
    tried_.y = result.y;
    return result.converged;
  }
  const State f = system_->f(t_ + h, tried_.predicted[0]);
  tried_.y = combination({&f, &tried_.equation.delta}, {tried_.equation.gamma, 1});
  return true;
}

double Multistep::accept(const Attempt& attempt) {
  const Tried& tried = tried_;
  // An initial slope may be untracked where f is not.
  const bool attach = !family_.explicit_ &&
                      system_->records(tried.predicted[0], derivative_.empty() ? tried.predicted[1] : derivative_);
  const State y1 = attach ? corrector_->attach(tried.equation, tried.y) : tried.y;
  last_correction_.clear();
  if (tried.order == order_ && !tried.restart)
    for (const Tensor& e : correction_) last_correction_.push_back(stop_gradient(e));
  const double ratio_before = std::exchange(last_ratio_, tried.step.ratio);
  correction_ = combination({&tried.predicted[0], &y1}, {-1, 1});
  // An explicit method evaluates f once more, and the polynomial uses that derivative.
  State e = correction_;
  if (family_.explicit_) {
    const State f = system_->f(t_ + tried.h, y1);
    e = combination({&f, &tried.predicted[1]}, {tried.h / tried.step.l[1], -1 / tried.step.l[1]});
  }
  z_.clear();
  for (size_t j = 0; j < tried.predicted.size(); ++j)
    z_.push_back(j == 0 ? y1 : combination({&e, &tried.predicted[j]}, {tried.step.l[j], 1}));
  if (tried.order != order_ || tried.restart) wait_ = tried.restart ? long_wait : tried.order + 1;
  order_ = next_order_ = tried.order;
  begun_afresh_ = tried.restart;
  restart_ = false;
  h_ = tried.h;
  lengths_.insert(lengths_.begin(), tried.h);
  if (lengths_.size() > static_cast<size_t>(family_.max_order) + 1) lengths_.pop_back();
  t_ = tried.equation.t;
  y_ = y1;
  derivative_.clear();
  const double length = std::abs(h_);
  --wait_;
  const NoGrad guard;
  const double factor = choose_next(attempt, ratio_before);
  grow_most_ = grow_later;
  failures_ = 0;
  return length * factor;
}

// Chooses the order of the next step. Returns the factor on its length.
double Multistep::choose_next(const Attempt& attempt, double ratio_before) {
  if (grow_most_ == 1) {  // no growth directly after a failure
    wait_ = std::max(wait_, 2);
    return 1;
  }
  double best = growth(attempt.error, bias_same, order_ + 1);
  if (wait_ <= 0) {
    wait_ = 2;
    const State weights = system_->norm.weights(y_);
    const double same = best;
    double lower = 0, higher = 0;
    if (order_ > 1) lower = growth(tried_.step.lower * system_->norm(z_.back(), weights), bias_lower, order_);
    if (order_ < highest() && !last_correction_.empty() && lengths_.size() > 1) {
      const double change = tried_.step.ratio / ratio_before * std::pow(h_ / lengths_[1], order_ + 1);
      const double error =
          tried_.step.higher * system_->norm(combination({&last_correction_, &correction_}, {-change, 1}), weights);
      higher = growth(error, bias_higher, order_ + 2);
    }
    best = std::max({lower, same, higher});
    if (best >= multistep_grow_least && best != same) next_order_ += best == lower ? -1 : 1;
  }
  return best < multistep_grow_least ? 1 : std::min(best, grow_most_);
}

double Multistep::reject(const Attempt& attempt) {
  const double length = std::abs(tried_.h);
  grow_most_ = 1;
  if (!attempt.converged || attempt.bad.tensor >= 0 || std::isnan(attempt.error)) return shrink_corrector * length;
  ++failures_;
  if (failures_ > most_failures) {
    if (next_order_ > 1) {
      --next_order_;
      return multistep_shrink_most * length;
    }
    restart_ = true;
    return multistep_shrink_most * length;
  }
  const double factor = std::max(growth(attempt.error, bias_same, tried_.order + 1), multistep_shrink_most);
  return length * (failures_ >= 2 ? std::min(factor, shrink_again) : std::min(factor, 1.0));
}

Interpolant Multistep::interpolant() {
  Interpolant interpolant{t_ - h_, t_, t_, h_, {}, {}};
  for (size_t j = z_.size(); j-- > 0;) {
    interpolant.v.push_back(z_[j]);
    interpolant.p.emplace_back(j + 1);
    interpolant.p.back()[j] = 1;
  }
  return interpolant;
}

void Multistep::replace(State y) {
  if (!z_.empty()) z_[0] = y;
  Stepper::replace(std::move(y));
}

void Multistep::prescribe(int order) {
  restart_ = order < 0;
  next_order_ = std::abs(order);
}

void Multistep::visit(const std::function<void(Tensor&)>& each) {
  if (z_.empty()) return Stepper::visit(each);
  for (State& z : z_)
    for (Tensor& part : z) each(part);
  for (Tensor& part : correction_) each(part);
  y_ = z_[0];
}

const std::vector<const MultistepFamily*>& multistep_families() {
  static const std::vector<const MultistepFamily*> all{&adams_bashforth_moulton(), &adams_moulton(), &bdf_family()};
  return all;
}

const Family& multistep() {
  static const Family family = [] {
    const auto find = [](const std::string& name) -> const MultistepFamily& {
      return **std::find_if(multistep_families().begin(), multistep_families().end(),
                            [&](const MultistepFamily* f) { return f->name == name; });
    };
    Family made;
    for (const MultistepFamily* each : multistep_families()) made.names.push_back(each->name);
    made.multistep = true;
    made.adaptive = [](const std::string&) { return true; };
    made.implicit = [find](const std::string& name) { return !find(name).explicit_; };
    made.mass = [find](const std::string& name) { return find(name).stiff; };
    made.make = [find](const std::shared_ptr<System>& system, double t, const State& y, State derivative) {
      return std::make_unique<Multistep>(find(system->options.method), system, t, y, std::move(derivative));
    };
    return made;
  }();
  return family;
}

}  // namespace dimwise::ode
