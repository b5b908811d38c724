#include "hollow/ode/detail/segments.hpp"

#include <algorithm>
#include <cmath>

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
    if (options.dense) trajectory_ = std::make_shared<DenseOutput>();
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
      const OdeEvent* acting =
          ended && events_[part.events.back().event].action ? &events_[part.events.back().event] : nullptr;
      const bool last = part.status != OdeStatus::success && !acting;
      // The end of a segment is an output of the solve if it was requested, or if a terminal event made it.
      size_t outputs = 1;
      while (outputs < part.t.size() && ((last && ended) || (outputs < requested && part.t[outputs] == times[outputs])))
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
    try {
      part = by_gradient(times);
    } catch (const RowsAreCoupled& found) {
      options_.implicit.coupling = RowCoupling::full;
      all_.statistics = found.statistics;
      part = by_gradient(times);
    }
    if (recording())
      for (OdeEventReached& reached : part.events)
        attach_event_time(term_, events_[reached.event], reached, part.statistics);
    if (part.status == OdeStatus::event_reached) part.y.back() = part.events.back().y;
    if (is_adaptive(options_.method)) options_.dt = 0;  // a first step is chosen again
    return part;
  }

  OdeSolution by_gradient(const std::vector<double>& times) const {
    if (!recording() || options_.gradient == OdeGradient::direct)
      return ode::solve(term_, y_, times, options_, all_.statistics);
    if (options_.gradient == OdeGradient::checkpointed)
      return solve_checkpointed(term_, y_, times, options_, all_.statistics);
    return solve_adjoint(term_, y_, times, options_, all_.statistics, backward_);
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
  std::vector<double> jumps_;
  double direction_, t_;
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
