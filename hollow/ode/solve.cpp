#include "hollow/ode/solve.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "hollow/ode/control.hpp"

namespace dimwise::ode {

namespace {

class Solve {
 public:
  Solve(const VectorField& f, const State& y0, const std::vector<double>& times, const OdeOptions& options, State k1,
        Trajectory* keep)
      : method_(tableau(options.method)),
        field_(f, y0, result_.statistics.evaluations),
        times_(times),
        options_(options),
        keep_(keep),
        direction_(times.back() > times.front() ? 1 : -1),
        t_(times.front()),
        y_(y0),
        k1_(std::move(k1)) {
    result_.y.push_back(y0);
    result_.grid.push_back(t_);
    if (keep_) keep_->method = &method_;
  }

  OdeSolution run() {
    if (!options_.grid.empty())
      follow(options_.grid);
    else if (options_.steps > 0 || !method_.adaptive())
      follow(equal_steps());
    else
      adapt();
    return std::move(result_);
  }

 private:
  // The requested times with equal steps between them; cut off beyond max_steps.
  std::vector<double> equal_steps() const {
    std::vector<double> plan{times_.front()};
    for (size_t i = 1; i < times_.size(); ++i) {
      const double start = times_[i - 1], length = times_[i] - start;
      // A length that is a multiple of dt but for rounding is not cut once more.
      const double n = options_.steps > 0 ? static_cast<double>(options_.steps)
                                          : std::max(1.0, std::ceil(std::abs(length) / options_.dt * (1 - 1e-12)));
      for (double j = 1; j <= n; ++j) {
        if (static_cast<int64_t>(plan.size()) > options_.max_steps + 1) return plan;
        plan.push_back(j == n ? times_[i] : start + length * (j / n));
      }
    }
    return plan;
  }

  void follow(const std::vector<double>& plan) {
    for (size_t i = 1; i < plan.size(); ++i) {
      if (tried() == options_.max_steps) return out_of_steps();
      const bool last = i + 1 == plan.size();
      const bool dense = keep_ || times_[result_.y.size()] * direction_ < plan[i] * direction_;
      Step step = make_step(method_, field_, t_, plan[i], y_, std::move(k1_), !last || dense, options_.quadratures);
      if (const Component bad = first_non_finite(step.y1); bad.tensor >= 0) {
        ++result_.statistics.rejected;
        return stop(OdeStatus::non_finite, step.h(), "not finite: " + describe(bad, step.y1),
                    "Take shorter steps, or look for the reason at this t.");
      }
      accept(std::move(step));
    }
    result_.statistics.next_dt = result_.statistics.last_dt;
  }

  void adapt() {
    if (k1_.empty()) k1_ = field_(t_, y_);
    for (const State* s : {&y_, &k1_})
      if (const Component bad = first_non_finite(*s); bad.tensor >= 0)
        return stop(OdeStatus::non_finite, 0,
                    (s == &y_ ? "y is not finite: " : "f is not finite: ") + describe(bad, *s), "Start elsewhere.");
    double h = options_.dt > 0 ? options_.dt : initial_step(method_, field_, t_, direction_, y_, k1_, options_);
    const double end = times_.back();
    StepControl control(method_.order);
    while (t_ != end) {
      const double shortest = std::max(options_.dt_min, 10 * std::numeric_limits<double>::epsilon() * std::abs(t_));
      h = std::min(std::max(h, shortest), options_.dt_max);
      if (tried() == options_.max_steps) return out_of_steps();
      const double left = std::abs(end - t_);
      const bool last = left <= h || (left <= 1.01 * h && left <= options_.dt_max);
      Step step = make_step(method_, field_, t_, last ? end : t_ + direction_ * h, y_, k1_, true, options_.quadratures);
      const double length = std::abs(step.h());
      error_ = error_estimate(method_.error, step, options_.controlled);
      double error = step_error(method_, step, error_, options_);
      const Component bad = first_non_finite(step.y1);
      if (bad.tensor >= 0) error = std::numeric_limits<double>::infinity();
      if (error <= 1) {
        const double next = length * control.accepted(error);
        h = last ? std::max(h, next) : next;
        accept(std::move(step));
        continue;
      }
      ++result_.statistics.rejected;
      if (length <= shortest) return too_small(step, error, bad);
      h = length * control.rejected(error);
      worst_ = worst(step);
    }
    result_.statistics.next_dt = h;
  }

  int64_t tried() const { return result_.statistics.accepted + result_.statistics.rejected; }

  void accept(Step step) {
    ++result_.statistics.accepted;
    result_.statistics.last_dt = std::abs(step.h());
    result_.grid.push_back(step.t1);
    if (keep_ || times_[result_.y.size()] * direction_ < step.t1 * direction_)
      complete(method_, field_, step, options_.quadratures);
    for (size_t i = result_.y.size(); i < times_.size() && times_[i] * direction_ <= step.t1 * direction_; ++i)
      result_.y.push_back(times_[i] == step.t1 ? step.y1 : interpolate(method_, step, times_[i]));
    t_ = step.t1;
    y_ = step.y1;
    k1_ = method_.fsal && step.k.size() >= method_.stages() ? step.k[method_.stages() - 1] : State{};
    if (!keep_) return;
    for (size_t s = 0; s < step.k.size(); ++s)
      if (method_.interpolant[s].empty()) step.k[s] = {};
    keep_->steps.push_back(std::move(step));
  }

  std::string worst(const Step& step) const {
    const Component which = worst_component(error_, step.y, step.y1, options_.rtol, options_.atol);
    return "worst component: " + describe(which, step.y);
  }

  void too_small(const Step& step, double error, const Component& bad) {
    if (std::isfinite(error))
      return stop(OdeStatus::dt_too_small, step.h(), "the error asks for a shorter step; " + worst(step),
                  "The solution may blow up here, or f jump; else lower dt_min or loosen rtol and atol.");
    stop(OdeStatus::non_finite, step.h(), bad.tensor >= 0 ? "not finite: " + describe(bad, step.y1) : worst(step),
         "No shorter step avoids it: look for the reason at this t.");
  }

  void out_of_steps() {
    stop(OdeStatus::max_steps_reached, result_.statistics.last_dt,
         "max_steps = " + std::to_string(options_.max_steps) + " steps tried" + (worst_.empty() ? "" : "; " + worst_),
         "Raise max_steps or loosen rtol and atol; explicit methods need many steps where the problem is stiff.");
  }

  void stop(OdeStatus status, double dt, const std::string& what, const char* advice) {
    result_.status = status;
    std::ostringstream text;
    text.precision(10);
    text << method_.name << " stopped (" << name(status) << ") at t = " << t_ << " on the way to " << times_.back()
         << ", dt = " << std::abs(dt) << ": " << what << ". " << advice;
    result_.message = text.str();
  }

  OdeSolution result_;
  const Tableau& method_;
  Field field_;
  const std::vector<double>& times_;
  const OdeOptions& options_;
  Trajectory* keep_;
  double direction_, t_;
  State y_, k1_;
  State error_;
  std::string worst_;  // of the last step rejected
};

}  // namespace

State Trajectory::at(double t) const {
  const double direction = steps.front().h() > 0 ? 1 : -1;
  auto step =
      std::partition_point(steps.begin(), steps.end(), [&](const Step& s) { return s.t1 * direction < t * direction; });
  if (step == steps.end()) --step;
  return interpolate(*method, *step, t);
}

OdeSolution solve(const VectorField& f, const State& y0, const std::vector<double>& times, const OdeOptions& options,
                  State k1, Trajectory* keep) {
  check_arguments(y0, times, options);
  return Solve(f, y0, times, options, std::move(k1), keep).run();
}

}  // namespace dimwise::ode
