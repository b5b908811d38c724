#include "hollow/ode/detail/driver.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>

#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "hollow/ode/methods/step_control.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise::ode {

namespace {
constexpr int stiff_after = 24;                 // excess of stability-limited steps that reports a stiff problem
constexpr double most_interpolation_error = 3;  // in tolerances
}  // namespace

Driver::Driver(std::unique_ptr<Stepper> method, std::shared_ptr<System> system, const std::vector<double>& times,
               DenseOutput* keep, StepSchedule schedule)
    : method_(std::move(method)),
      system_(std::move(system)),
      times_(times),
      keep_(keep),
      events_(schedule.grid.empty() ? system_->options.events : std::vector<OdeEvent>(), times.front(), method_->y()),
      schedule_(std::move(schedule)),
      repeats_(!schedule_.grid.empty()),
      direction_(times.back() > times.front() ? 1 : -1) {
  while (result_.t.size() < times_.size() && times_[result_.t.size()] == method_->t())
    output(method_->t(), method_->y());
  result_.grid.push_back(method_->t());
  const OdeOptions& options = system_->options;
  if (repeats_) return;
  if (!options.replay.grid.empty())
    schedule_ = options.replay;
  else if (options.steps > 0 || !is_adaptive(options.method))
    schedule_ = equal_steps();
}

void Driver::advance(int64_t steps) {
  const int64_t done = system_->statistics.accepted;
  const int64_t until = steps < std::numeric_limits<int64_t>::max() - done ? done + steps : steps;
  try {
    if (schedule_.grid.empty())
      adapt(until);
    else
      follow(until);
  } catch (const OutOfEvaluations&) {
    exhausted(out_of_evaluations(system_->options));
  }
}

OdeSolution Driver::finish() {
  result_.statistics = system_->statistics;
  return std::move(result_);
}

// The requested times with equal steps between them, truncated beyond max_steps.
StepSchedule Driver::equal_steps() const {
  const OdeOptions& options = system_->options;
  StepSchedule schedule{{times_.front()}, {}};
  for (size_t i = 1; i < times_.size(); ++i) {
    const double start = times_[i - 1], length = times_[i] - start;
    // The margin keeps an interval that is a multiple of dt, up to rounding, from getting one more step.
    const double n = options.steps > 0 ? static_cast<double>(options.steps)
                                       : std::max(1.0, std::ceil(std::abs(length) / options.dt * (1 - 1e-12)));
    for (double j = 1; length != 0 && j <= n; ++j) {
      if (static_cast<int64_t>(schedule.grid.size()) > options.max_steps + 1) return schedule;
      schedule.grid.push_back(j == n ? times_[i] : start + length * (j / n));
    }
  }
  return schedule;
}

void Driver::follow(int64_t until) {
  OdeStatistics& statistics = system_->statistics;
  for (; !at_end() && statistics.accepted < until; ++next_) {
    if (tried() == system_->options.max_steps) return exhausted(out_of_steps(system_->options));
    if (!schedule_.orders.empty()) method_->prescribe(schedule_.orders[next_ - 1]);
    const Attempt attempt = method_->attempt(schedule_.grid[next_], false);
    const double dt = schedule_.grid[next_] - method_->t();
    if (!attempt.converged || attempt.bad.tensor >= 0) {
      ++statistics.rejected;
      return stop(failed_step(attempt, statistics.corrector), dt);
    }
    accept(attempt);
    tried_step(dt, true);
  }
  statistics.next_dt = statistics.last_dt;
}

void Driver::adapt(int64_t until) {
  const OdeOptions& options = system_->options;
  if (h_ == 0) {
    if (const auto failure = failed_start(method_->y(), method_->derivative())) return stop(*failure, 0);
    h_ = options.dt > 0 ? options.dt : method_->first_dt(times_.back());
  }
  const double end = times_.back();
  while (!at_end() && system_->statistics.accepted < until) {
    const double t = method_->t();
    const auto [h, shortest, wanted, last] = next_step(t, end, h_, options.dt_min, options.dt_max);
    h_ = h;
    if (tried() == options.max_steps) return exhausted(out_of_steps(options));
    const double t1 = interpolable(wanted), length = std::abs(t1 - t);
    const Attempt attempt = method_->attempt(t1, true);
    if (attempt.acceptable()) {
      const bool negative = below_zero(attempt.y1) > 1, longer = h_ > shortest && length > shortest;
      if (negative && !longer)
        return stop({OdeStatus::dt_too_small, "a tensor marked non_negative becomes negative",
                     "Check that f is not negative where a component is 0."},
                    length);
      if (negative || (interpolates_badly(t1) && longer)) {
        ++system_->statistics.rejected;
        if (negative) h_ = 0.5 * length;
        tried_step(length, false);
        continue;
      }
      if (t1 != wanted) longest_ *= 1.05;
      const double next = accept(attempt);
      h_ = last || t1 != wanted ? std::max(h_, next) : next;
      notice_stiffness();
      tried_step(length, true);
      continue;
    }
    ++system_->statistics.rejected;
    tried_step(length, false);
    if (ended_) break;
    if (h_ <= shortest || length <= shortest) return stop(failed_step(attempt, system_->statistics.corrector), length);
    h_ = std::min(method_->reject(attempt), length);
    if (attempt.worst.tensor >= 0) worst_ = worst_component(attempt);
  }
  system_->statistics.next_dt = h_;
}

// Whether the next requested time is before t.
bool Driver::output_before(double t) const {
  return result_.t.size() < times_.size() && times_[result_.t.size()] * direction_ < t * direction_;
}

// Whether the solution within a step to t1 is needed.
bool Driver::interpolates(double t1) const { return keep_ || events_.any() || output_before(t1); }

// t1, or an earlier end of a step whose interpolant is known to be too coarse: the next output, if nothing else reads
// the interpolant.
double Driver::interpolable(double t1) const {
  const double until = method_->t() + direction_ * longest_;
  if (until * direction_ >= t1 * direction_ || !interpolates(t1)) return t1;
  return keep_ || events_.any() || output_before(until) ? until : times_[result_.t.size()];
}

// Checks the attempted step to t1, and estimates the longest step with an accurate interpolant.
bool Driver::interpolates_badly(double t1) {
  if (!interpolates(t1)) return false;
  const double error = method_->interpolation_error(), length = std::abs(t1 - method_->t());
  if (error == 0) return false;
  const double ratio = std::isfinite(error) ? std::pow(most_interpolation_error / error, 0.25) : 0;
  longest_ = length * std::clamp(0.9 * ratio, 0.1, 5.0);
  return !(error <= most_interpolation_error);
}

double Driver::accept(const Attempt& attempt) {
  OdeStatistics& statistics = system_->statistics;
  const double from = method_->t(), next = method_->accept(attempt), t1 = method_->t();
  ++statistics.accepted;
  statistics.last_dt = std::abs(t1 - from);
  result_.grid.push_back(t1);
  if (const std::optional<int> order = method_->order()) result_.orders.push_back(*order);
  const auto due = [&] {
    return result_.t.size() < times_.size() && times_[result_.t.size()] * direction_ <= t1 * direction_;
  };
  const bool between = due() && times_[result_.t.size()] != t1;
  Interpolant interpolant;
  if (keep_ || events_.any() || between) interpolant = method_->interpolant();
  double until = t1;
  if (events_.any())
    for (OdeEventReached& reached : events_.crossed(interpolant, method_->y())) {
      if (events_.terminal(reached)) {
        ended_ = true;
        until = reached.t;
        std::ostringstream text;
        text << "terminal event " << reached.event << " at t = " << reached.t;
        result_.status = OdeStatus::event_reached;
        result_.message = text.str();
      }
      reached.y = clipped(std::move(reached.y), system_->options.non_negative);
      result_.events.push_back(std::move(reached));
    }
  while (due() && times_[result_.t.size()] * direction_ <= until * direction_) {
    const double at = times_[result_.t.size()];
    output(at, at == t1 ? method_->y() : interpolant.at(at));
  }
  if (result_.status == OdeStatus::event_reached && result_.t.back() != until) output(until, result_.events.back().y);
  if (keep_) keep_->interpolants.push_back(std::move(interpolant));
  if (below_zero(method_->y()) > 0) method_->replace(clipped(method_->y(), system_->options.non_negative));
  check_steady();
  return next;
}

// How far the marked tensors are below 0, in tolerances.
double Driver::below_zero(const State& y) const {
  const std::vector<bool>& marked = system_->options.non_negative;
  if (marked.empty()) return 0;
  const NoGrad guard;
  const State above = clipped(y, marked);
  State below;
  for (size_t i = 0; i < y.size(); ++i) below.push_back(y[i] - above[i]);
  return system_->norm(below, system_->norm.weights(y));
}

void Driver::check_steady() {
  const double bound = system_->options.steady_state;
  if (bound == 0 || ended_) return;
  const State &y = method_->y(), &f = method_->derivative();  // a repeated step evaluates it, too
  const double size = system_->norm(f, system_->norm.weights(y));
  if (repeats_ || !(size <= bound)) return;
  ended_ = true;
  result_.status = OdeStatus::steady_state;
  std::ostringstream text;
  text << "steady state at t = " << method_->t() << ": ‖f‖ = " << size << " tolerances per unit of time";
  result_.message = text.str();
  if (result_.t.back() != method_->t()) output(method_->t(), y);
}

void Driver::tried_step(double dt, bool accepted) {
  const OdeOptions& options = system_->options;
  if (repeats_ || !options.on_step) return;
  if (!options.on_step({method_->t(), dt, accepted, method_->y(), system_->statistics}) && !at_end())
    stop({OdeStatus::stopped, "on_step returned false", ""}, dt);
}

void Driver::output(double t, const State& y) {
  result_.t.push_back(t);
  result_.y.push_back(clipped(y, system_->options.non_negative));
}

void Driver::notice_stiffness() {
  if (!result_.advice.empty()) return;
  stability_limited_ = method_->stability_limited() ? stability_limited_ + 1 : std::max(0, stability_limited_ - 1);
  if (stability_limited_ < stiff_after) return;
  std::ostringstream text;
  text << "at t = " << method_->t()
       << " the problem is stiff: stability, not accuracy, limits the steps. An implicit method (bdf, radau5) needs "
          "fewer.";
  result_.advice = text.str();
}

// Ends where a limit is reached.
void Driver::exhausted(Failure failure) {
  if (!worst_.empty()) failure.what += "; " + worst_;
  stop(failure, system_->statistics.last_dt);
}

void Driver::stop(const Failure& failure, double dt) {
  ended_ = true;
  result_.status = failure.status;
  result_.message = failure.message(system_->options.method, method_->t(), times_.back(), dt);
  if (!result_.advice.empty()) result_.message += " Note: " + result_.advice;
}

}  // namespace dimwise::ode
