#include "hollow/ode/detail/segments.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "autodiff/context.hpp"
#include "hollow/ode/detail/solve.hpp"
#include "hollow/ode/gradients/adjoint.hpp"
#include "hollow/ode/gradients/checkpointed.hpp"
#include "hollow/ode/gradients/event_times.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise::ode {

namespace {

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from, size_t first, size_t last) {
  to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(first),
            from.begin() + static_cast<std::ptrdiff_t>(last));
}

class Segments {
 public:
  Segments(const OdeTerm& term, const State& y0, const std::vector<double>& times, const OdeOptions& options)
      : term_(term),
        times_(times),
        events_(options.events),
        options_(options),
        on_step_(options.on_step),
        direction_(times.back() > times.front() ? 1 : -1),
        t_(times.front()),
        y_(y0) {
    options_.jump_at.clear();
    for (OdeEvent& event : options_.events) event.terminal = event.terminal || event.action;
    const auto inside = [&](double t) { return before(times.front(), t) && before(t, times.back()); };
    std::copy_if(options.jump_at.begin(), options.jump_at.end(), std::back_inserter(jumps_), inside);
    // The next one last.
    std::sort(jumps_.begin(), jumps_.end(), [&](double a, double b) { return before(b, a); });
    jumps_.erase(std::unique(jumps_.begin(), jumps_.end()), jumps_.end());
    all_.t = all_.grid = {t_};
    all_.y = {y_};
    if (options.dense) {
      trajectory_ = std::make_shared<DenseOutput>();
      trajectory_->non_negative = options.non_negative;
    }
    if (recording() && (options.gradient == OdeGradient::adjoint || options.gradient == OdeGradient::backsolve))
      all_.adjoint = backward_ = std::make_shared<OdeStatistics>();
  }

  OdeSolution solve() {
    while (next()) {
    }
    all_.trajectory = trajectory_;
    return std::move(all_);
  }

 private:
  bool before(double a, double b) const { return a * direction_ < b * direction_; }

  // Solves to the next action or jump, or to the end. Returns whether anything is left.
  bool next() {
    const double end = jumps_.empty() ? times_.back() : std::nextafter(jumps_.back(), times_.front());
    if (before(t_, end)) {
      std::vector<double> times{t_};
      for (size_t i = all_.t.size(); i < times_.size() && !before(end, times_[i]); ++i) times.push_back(times_[i]);
      const size_t requested = times.size();
      if (times.back() != end) times.push_back(end);
      OdeSolution part = solve(times);
      const bool ended = part.status == OdeStatus::event_reached;
      const bool early = arrived(part.status) && part.status != OdeStatus::success;
      const OdeEvent* acting =
          ended && events_[part.events.back().event].action ? &events_[part.events.back().event] : nullptr;
      const bool last = part.status != OdeStatus::success && !acting;
      // The end of a segment is an output of the solve if it was requested, or if the solve ends there.
      size_t outputs = 1;
      while (outputs < part.t.size() && ((last && early) || (outputs < requested && part.t[outputs] == times[outputs])))
        ++outputs;
      take(part, outputs, acting);
      if (last) return false;
      if (acting) return act(*acting);
      y_ = part.y.back();
    }
    if (jumps_.empty()) return false;
    while (times_[all_.t.size()] == jumps_.back()) output(jumps_.back(), y_);
    t_ = std::nextafter(jumps_.back(), times_.back());
    jumps_.pop_back();
    return true;
  }

  OdeSolution solve(const std::vector<double>& times) {
    OdeSolution part;
    options_.on_step = [this, next = on_step_](const OdeStep& step) {
      watch_side(step);
      return !recurs_ && (!next || next(step));
    };
    try {
      part = by_gradient(times);
    } catch (const RowsAreCoupled& found) {
      options_.implicit.coupling = RowCoupling::full;
      const int64_t accepted = all_.statistics.accepted, rejected = all_.statistics.rejected;
      all_.statistics = found.statistics;
      all_.statistics.accepted = accepted;
      all_.statistics.rejected = rejected;
      part = by_gradient(times);
    }
    if (recording())
      for (OdeEventReached& reached : part.events)
        attach_event_time(term_, events_[reached.event], reached, part.statistics);
    if (recurs_ && part.status != OdeStatus::event_reached) part = recurred(part.statistics);
    side_ = 0;
    recurs_ = false;
    if (part.status == OdeStatus::event_reached) part.y.back() = part.events.back().y;
    // The next part may be as short: events that accumulate, as the bounces of a ball that comes to rest, are not
    // stepped over.
    if (is_adaptive(options_.method))
      options_.dt = std::min(part.statistics.next_dt,
                             std::abs((part.events.empty() ? part.grid.back() : part.events.back().t) - t_));
    return part;
  }

  // The part after an action whose event recurs: nothing of it is right.
  OdeSolution recurred(const OdeStatistics& statistics) const {
    OdeSolution part;
    part.t = part.grid = {t_};
    part.y = {y_};
    part.status = OdeStatus::events_accumulate;
    part.statistics = statistics;
    if (trajectory_) part.trajectory = std::make_shared<DenseOutput>();
    std::ostringstream text;
    text << "event " << acted_ << " recurs at once after its action at t = " << t_
         << ": its actions accumulate, as the bounces of a ball that comes to rest do. End the solve before, by a "
            "terminal event, or change the state such that it rests.";
    part.message = text.str();
    return part;
  }

  OdeSolution by_gradient(const std::vector<double>& times) const {
    if (!recording() || options_.gradient == OdeGradient::direct)
      return ode::solve(term_, y_, times, options_, all_.statistics);
    if (options_.gradient == OdeGradient::checkpointed)
      return solve_checkpointed(term_, y_, times, options_, all_.statistics);
    return solve_adjoint(term_, y_, times, options_, all_.statistics, backward_);
  }

  // Looks, after the first step, on which side of the event that acted g is.
  void watch_side(const OdeStep& step) {
    if (side_ == 0 || !step.accepted) return;
    const NoGrad guard;
    recurs_ = events_[acted_].g(scalar(step.t, DType::float64), step.y).item() * direction_ * side_ < 0;
    side_ = 0;
  }

  // Appends a part: of its outputs, those before `outputs`.
  void take(const OdeSolution& part, size_t outputs, bool cut) {
    append(all_.t, part.t, 1, outputs);
    append(all_.y, part.y, 1, outputs);
    append(all_.grid, part.grid, 1, part.grid.size());
    append(all_.orders, part.orders, 0, part.orders.size());
    append(all_.events, part.events, 0, part.events.size());
    if (cut) all_.grid.back() = part.events.back().t;
    if (trajectory_) {
      append(trajectory_->interpolants, part.trajectory->interpolants, 0, part.trajectory->interpolants.size());
      if (cut) trajectory_->interpolants.back().t1 = part.events.back().t;
    }
    all_.status = cut ? OdeStatus::success : part.status;
    all_.message = cut ? "" : part.message;
    if (all_.advice.empty()) all_.advice = part.advice;
    all_.statistics = part.statistics;
  }

  // Continues from the state after an event. The state at the fixed time t_ depends on the event's time, too.
  bool act(const OdeEvent& event) {
    const OdeEventReached& reached = all_.events.back();
    t_ = reached.t;
    y_ = event.action(reached.time, reached.y);
    check_structure(y_, reached.y);
    if (t_ == times_.back()) return false;
    acted_ = reached.event;
    const double slope = event_slope(term_, event, t_, y_);
    ++all_.statistics.evaluations;
    if (term_.nonstiff) ++all_.statistics.nonstiff_evaluations;
    side_ = slope > 0 ? 1 : slope < 0 ? -1 : 0;
    if (!reached.time.tracked()) return true;
    y_ = moved_in_time(term_, reached.time, y_, t_ - reached.time);
    count_moves(all_.statistics, term_, 1);
    return true;
  }

  void output(double t, const State& y) {
    all_.t.push_back(t);
    all_.y.push_back(y);
  }

  const OdeTerm& term_;
  const std::vector<double>& times_;
  const std::vector<OdeEvent>& events_;
  OdeOptions options_;  // of a segment
  std::function<bool(const OdeStep&)> on_step_;
  std::vector<double> jumps_;
  double direction_, t_;
  size_t acted_ = 0;  // the event that changed the state last
  int side_ = 0;      // the sign of its slope after that; 0 if unknown, or after it was looked at
  bool recurs_ = false;
  State y_;
  OdeSolution all_;
  std::shared_ptr<DenseOutput> trajectory_;
  std::shared_ptr<OdeStatistics> backward_;
};

}  // namespace

OdeSolution solve_in_segments(const OdeTerm& term, const State& y0, const std::vector<double>& times,
                              const OdeOptions& options) {
  return Segments(term, y0, times, options).solve();
}

}  // namespace dimwise::ode
