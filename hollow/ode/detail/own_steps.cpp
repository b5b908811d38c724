#include "hollow/ode/detail/own_steps.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "hollow/ode/detail/failure.hpp"
#include "hollow/ode/detail/rows.hpp"
#include "hollow/ode/methods/runge_kutta_step.hpp"
#include "hollow/ode/methods/step_control.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise::ode {

namespace {

// A row of the state on its way to the end.
struct Row {
  int64_t index;  // in y0
  double t, h;    // where it is, and the length to try next
  StepControl control;
  size_t next_output;
  NextStep step = {};  // the one that is tried, with its error
  double error = 0;
  int64_t tried = 0;

  double dt() const { return step.t1 - t; }
  bool accepted() const { return error <= 1; }
  bool overflows() const { return std::isinf(error); }
};

State scaled(const Tensor& by, const State& y) {
  State result;
  for (const Tensor& part : y) result.push_back(by * part);
  return result;
}

// Options for the state as rows: its tolerances have its shape.
OdeOptions by_rows(const State& y0, OdeOptions options) {
  for (State* tolerances : {&options.rtols, &options.atols})
    for (size_t i = 0; i < std::min(tolerances->size(), y0.size()); ++i)
      if (Tensor& own = (*tolerances)[i]; own.defined())
        own = as_rows({broadcast_to(stop_gradient(own), y0[i].shape())})[0];
  return options;
}

// Solves in rounds: in each, every row that is not at the end tries a step. All are one Runge–Kutta step from s = 0 to
// s = 1 of dy/ds = h f(t + s h, y), in which each row has its own t and h.
class OwnSteps {
 public:
  OwnSteps(const OdeTerm& term, const State& y0, const std::vector<double>& times, const OdeOptions& options)
      : tableau_(tableau(options.method)),
        times_(times),
        direction_(times.back() > times.front() ? 1 : -1),
        y_(as_rows(y0)),
        system_(term, y_, by_rows(y0, options)),
        norm_(system_.norm),
        outputs_(y0, times.size()) {
    while (times_[result_.t.size()] == times_.front()) {
      result_.t.push_back(times_.front());
      result_.y.push_back(y0);
    }
    for (int64_t i = 0; i < y_[0].dim(0); ++i)
      rows_.push_back(
          {i, times_.front(), options_.dt, StepControl(tableau_.order), result_.t.size(), {.t1 = times_.front()}});
  }

  OdeSolution solve() {
    try {
      start();
      while (!rows_.empty() && result_.status == OdeStatus::success) round();
    } catch (const OutOfEvaluations&) {
      stop(out_of_evaluations(options_), last_row());
    }
    return finish();
  }

 private:
  // (rows, 1): a number of each row.
  template <class Number>
  static Tensor column(const std::vector<Row>& rows, DType dtype, Number&& number) {
    std::vector<double> numbers;
    for (const Row& row : rows) numbers.push_back(number(row));
    return tensor(numbers, {static_cast<int64_t>(rows.size()), 1}, dtype);
  }

  Tensor lengths(const std::vector<Row>& rows) const {
    return column(rows, y_[0].dtype(), [](const Row& row) { return row.dt(); });
  }

  // f of these rows, after the part s of their steps.
  State f(double s, const std::vector<Row>& rows, const State& y) {
    OdeStatistics& statistics = system_.statistics;
    const int64_t before = statistics.evaluations;
    const auto time = [s](const Row& row) { return s == 1 ? row.step.t1 : row.t + s * row.dt(); };
    State k = system_.f(column(rows, DType::float64, time), y);
    statistics.row_evaluations += (statistics.evaluations - before) * static_cast<int64_t>(rows.size());
    return k;
  }

  // h f of these rows. The last f is kept in `slope`.
  RungeKuttaStep::Field field(const std::vector<Row>& rows, State& slope) {
    return [this, h = lengths(rows), &rows, &slope](double s, const State& y) {
      slope = f(s, rows, y);
      return scaled(h, slope);
    };
  }

  // The norm of these rows of the state.
  Norm norm(const State& y, const std::vector<Row>& rows) const {
    std::vector<int64_t> indices;
    for (const Row& row : rows) indices.push_back(row.index);
    return {y,
            {.rtol = options_.rtol,
             .atol = options_.atol,
             .controlled = options_.controlled,
             .rtols = select_rows(options_.rtols, indices),
             .atols = select_rows(options_.atols, indices)}};
  }

  void start() {
    slope_ = f(0, rows_, y_);
    if (failed_start(y_, slope_))
      for (const Row& row : rows_)
        if (const auto failure = failed_start(select_rows(y_, {row.index}), select_rows(slope_, {row.index})))
          return stop(*failure, row);
    if (options_.dt == 0) choose_lengths();
  }

  void choose_lengths() {
    const NoGrad guard;
    const double longest = std::min(options_.dt_max, std::abs(times_.back() - times_.front()));
    const State weights = norm_.weights(y_);
    const std::vector<double> size = norm_.rows(y_, weights), speed = norm_.rows(slope_, weights);
    for (size_t r = 0; r < rows_.size(); ++r) {
      rows_[r].h = trial_length(size[r], speed[r], longest);
      rows_[r].step.t1 = rows_[r].t + direction_ * rows_[r].h;
    }
    const State moved = scaled(lengths(rows_), slope_), k = f(1, rows_, combination({&moved, &y_}, {1, 1}));
    const std::vector<double> change = norm_.rows(combination({&k, &slope_}, {1, -1}), weights);
    for (size_t r = 0; r < rows_.size(); ++r)
      rows_[r].h = first_length(rows_[r].h, speed[r], change[r] / rows_[r].h, tableau_.order, longest);
  }

  void round() {
    for (Row& row : rows_) {
      if (row.tried == options_.max_steps) return stop(out_of_steps(options_), row);
      row.step = next_step(row.t, times_.back(), row.h, options_.dt_min, options_.dt_max);
      row.h = row.step.h;
    }
    State slope;
    const RungeKuttaStep::Field by_h = field(rows_, slope);
    RungeKuttaStep step{&tableau_, 0, 1, y_, {scaled(lengths(rows_), slope_)}, options_.quadratures};
    step.advance(by_h);
    step.evaluate(tableau_.stages(), by_h);
    find_errors(step);
    // A row that is not finite must not be recorded, though it is rejected: gradients of parameters would be NaN. The
    // others try the same steps again.
    const bool again = recording() && std::any_of(rows_.begin(), rows_.end(), std::mem_fn(&Row::overflows));
    if (!again) output(step);
    std::optional<size_t> failed;
    for (size_t r = 0; r < rows_.size(); ++r) {
      if (again && !rows_[r].overflows()) continue;
      if (rows_[r].accepted())
        accept(rows_[r]);
      else if (!reject(rows_[r]))
        failed = r;
    }
    if (failed) return fail(step, *failed);
    if (!again) move_on(step.y1, slope);
  }

  // The error of each row; infinity if it is not finite.
  void find_errors(const RungeKuttaStep& step) {
    const NoGrad guard;
    const auto sizes = [&](const std::vector<double>& weights) {
      return weights.empty() ? std::vector<double>() : norm_.rows(step.estimate(weights), step.y, step.y1);
    };
    const std::vector<double> size = sizes(tableau_.error), low = sizes(tableau_.error_low);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (size_t r = 0; r < rows_.size(); ++r) {
      const double error = low.empty() ? size[r] : combined_error(size[r], low[r]);
      rows_[r].error = std::isnan(error) ? infinity : error;
    }
    if (first_non_finite(step.y1).tensor < 0) return;
    for (const Tensor& y : step.y1) {
      const std::vector<double> values = y.values();
      for (size_t j = 0; j < values.size(); ++j)
        if (!std::isfinite(values[j])) rows_[j * rows_.size() / values.size()].error = infinity;
    }
  }

  void accept(Row& row) {
    OdeStatistics& statistics = system_.statistics;
    ++row.tried;
    ++statistics.accepted;
    statistics.last_dt = std::abs(row.dt());
    const double next = statistics.last_dt * row.control.accepted(row.error);
    row.h = row.step.last ? std::max(row.h, next) : next;
    row.t = row.step.t1;
  }

  // Returns whether a shorter step can be tried.
  bool reject(Row& row) {
    ++row.tried;
    ++system_.statistics.rejected;
    const double length = std::abs(row.dt());
    if (row.h <= row.step.shortest || length <= row.step.shortest) return false;
    row.h = std::min(length * row.control.rejected(row.error), length);
    return true;
  }

  // Takes the outputs of accepted rows from within their steps, and from the ends of these.
  void output(const RungeKuttaStep& step) {
    std::vector<RowOutputs::Place> ends, between;
    std::vector<int64_t> ending, passing, from;  // rows of the step, and of `passing`
    std::vector<Row> rows;                       // those of `passing`
    std::vector<double> parts;                   // of their steps
    for (size_t r = 0; r < rows_.size(); ++r) {
      Row& row = rows_[r];
      if (!row.accepted()) continue;
      const auto left = [&](double t) { return (row.step.t1 - t) * direction_; };
      const size_t first = between.size();
      for (; row.next_output < times_.size() && left(times_[row.next_output]) >= 0; ++row.next_output) {
        const double t = times_[row.next_output];
        if (left(t) == 0) {
          ends.push_back({row.next_output, row.index});
          ending.push_back(static_cast<int64_t>(r));
        } else {
          between.push_back({row.next_output, row.index});
          parts.push_back((t - row.t) / row.dt());
          from.push_back(static_cast<int64_t>(rows.size()));
        }
      }
      if (between.size() == first) continue;
      passing.push_back(static_cast<int64_t>(r));
      rows.push_back(row);
    }
    if (!ends.empty()) outputs_.add(select_rows(step.y1, ending), ends);
    if (between.empty()) return;
    State slope;
    outputs_.add(rows_of(step, passing).interpolant(field(rows, slope)).at(from, parts), between);
  }

  static RungeKuttaStep rows_of(RungeKuttaStep step, const std::vector<int64_t>& rows) {
    for (State* s : {&step.y, &step.y1}) *s = select_rows(*s, rows);
    for (State& k : step.k) k = select_rows(k, rows);
    return step;
  }

  // Continues with the rows that are not at the end, accepted ones from y1.
  void move_on(const State& y1, const State& slope1) {
    const auto n = static_cast<int64_t>(rows_.size());
    const auto accepted = std::count_if(rows_.begin(), rows_.end(), std::mem_fn(&Row::accepted));
    if (accepted == 0) return;
    std::vector<Row> going;
    std::vector<int64_t> from;  // rows before the step, then those after it
    for (int64_t r = 0; r < n; ++r) {
      const Row& row = rows_[static_cast<size_t>(r)];
      if (row.t == times_.back()) {
        shortest_ = std::min(shortest_, row.h);
        continue;
      }
      from.push_back(row.accepted() && accepted < n ? n + r : r);
      going.push_back(row);
    }
    rows_ = std::move(going);
    if (rows_.empty()) return;
    const auto moved = [&](const State& before, const State& after) {
      return select_rows(accepted < n ? joined({before, after}) : after, from);
    };
    y_ = moved(y_, y1);
    slope_ = moved(slope_, slope1);
    if (static_cast<int64_t>(rows_.size()) < n) norm_ = norm(y_, rows_);
  }

  // The one that is farthest from the end.
  const Row& last_row() const {
    return *std::min_element(rows_.begin(), rows_.end(),
                             [this](const Row& a, const Row& b) { return a.t * direction_ < b.t * direction_; });
  }

  void fail(const RungeKuttaStep& step, size_t r) {
    const NoGrad guard;
    const std::vector<int64_t> only{static_cast<int64_t>(r)};
    const State y = select_rows(step.y, only), y1 = select_rows(step.y1, only),
                error = select_rows(step.estimate(tableau_.error), only);
    const Component worst = norm(y, {rows_[r]}).worst(error, y, y1);
    stop(failed_step({.error = rows_[r].error, .bad = first_non_finite(y1), .worst = worst, .y1 = y1}, ""), rows_[r]);
  }

  void stop(Failure failure, const Row& row) {
    failure.what = "row " + std::to_string(row.index) + ": " + failure.what;
    result_.status = failure.status;
    result_.message = failure.message(options_.method, row.t, times_.back(), row.h);
  }

  OdeSolution finish() {
    for (size_t i = result_.t.size(); i < times_.size() && outputs_.complete(i); ++i) {
      result_.t.push_back(times_[i]);
      result_.y.push_back(outputs_.at(i));
    }
    for (const Row& row : rows_) shortest_ = std::min(shortest_, row.h);
    system_.statistics.next_dt = shortest_;
    result_.statistics = system_.statistics;
    result_.grid = {times_.front(), rows_.empty() ? times_.back() : last_row().t};
    return std::move(result_);
  }

  const Tableau& tableau_;
  std::vector<double> times_;
  double direction_;
  State y_;  // of `rows_`, and f there
  State slope_ = {};
  System system_;
  const OdeOptions& options_ = system_.options;
  Norm norm_;
  std::vector<Row> rows_ = {};  // those that are not at the end
  RowOutputs outputs_;
  OdeSolution result_ = {};
  double shortest_ = std::numeric_limits<double>::infinity();  // step that the rows at the end would try next
};

}  // namespace

void check_own_steps(const State& y0, const OdeOptions& options) {
  std::string names;
  bool known = false;
  for (const Tableau* method : tableaux()) {
    if (!method->adaptive() || !method->fsal) continue;
    names += (names.empty() ? "" : ", ") + method->name;
    known = known || method->name == options.method;
  }
  if (!known)
    fail<ValueError>("odeint", "own_steps is for explicit Runge–Kutta pairs, not for '", options.method,
                     "'. Use one of ", names, ", or common steps.");
  const std::pair<bool, const char*> refused[] = {{options.steps > 0, "steps"},
                                                  {!options.replay.grid.empty(), "replay"},
                                                  {!options.events.empty(), "events"},
                                                  {!options.jump_at.empty(), "jump_at"},
                                                  {options.steady_state > 0, "steady_state"},
                                                  {!options.non_negative.empty(), "non_negative"},
                                                  {options.on_step != nullptr, "on_step"},
                                                  {options.dense, "dense"},
                                                  {!options.per_sample, "per_sample = false"}};
  for (const auto& [given, name] : refused)
    if (given)
      fail<ValueError>("odeint", "own_steps does not support ", name,
                       ", which is about steps that all rows have in common. Leave one of them out.");
  if (recording() && options.gradient != OdeGradient::direct)
    fail<ValueError>("odeint",
                     "own_steps has no gradient but that through its steps. Use OdeGradient::direct, or solve under "
                     "NoGrad.");
  if (!options.controlled.empty() &&
      std::find(options.controlled.begin(), options.controlled.end(), true) == options.controlled.end())
    fail<ValueError>("odeint", "own_steps chooses steps by errors, but no tensor is controlled. Mark at least one.");
  for (const Tensor& y : y0) {
    if (y.rank() < 2)
      fail<ShapeError>("odeint", "own_steps needs a batch, but a state tensor has shape ", y.shape(),
                       ". Give it leading axes: (rows, d).");
    if (y.shape().without(y.rank() - 1) != y0[0].shape().without(y0[0].rank() - 1))
      fail<ShapeError>("odeint", "own_steps needs state tensors of the same rows, but their shapes are ", y0[0].shape(),
                       " and ", y.shape(), ". Make all axes but the last equal.");
  }
}

OdeSolution solve_own_steps(const OdeTerm& term, const State& y0, const std::vector<double>& times,
                            const OdeOptions& options) {
  return OwnSteps(term, y0, times, options).solve();
}

}  // namespace dimwise::ode
