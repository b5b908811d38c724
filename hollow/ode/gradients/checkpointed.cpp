#include "hollow/ode/gradients/checkpointed.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/checkpoint.hpp"
#include "autodiff/detail/packing.hpp"
#include "autodiff/node.hpp"
#include "hollow/ode/detail/solve.hpp"
#include "hollow/ode/gradients/outputs.hpp"

namespace dimwise::ode {

namespace {

State memory(Stepper& method) {
  State all;
  method.visit([&](Tensor& t) { all.push_back(t); });
  return all;
}

void set_memory(Stepper& method, const State& values) {
  size_t i = 0;
  method.visit([&](Tensor& t) { t = values[i++]; });
}

// A sequence of steps: the stepper at its start, and, after it has run, the steps taken.
struct Segment {
  std::shared_ptr<System> system;
  std::unique_ptr<Stepper> start;
  std::vector<double> times;  // its start, and the times of outputs and events within it
  StepSchedule schedule;

  // Repeats the steps from another stepper state. Returns the stepper state at the end and the solution at the
  // requested times.
  State again(const State& from) const {
    system->statistics = {};  // the limit on evaluations holds for each repetition by itself
    std::unique_ptr<Stepper> method = start->clone();
    set_memory(*method, from);
    Driver driver(std::move(method), system, times, nullptr, schedule);
    driver.advance();
    return outcome(driver, 1, 0);
  }

  static State outcome(Driver& driver, size_t first, size_t first_event) {
    State all = memory(driver.method());
    for (const State* y : outputs_in_order(driver.result(), first, first_event).y)
      all.insert(all.end(), y->begin(), y->end());
    return all;
  }
};

// Takes the next steps, and replaces their records by one that can repeat them.
void take(Driver& driver, const std::shared_ptr<System>& system, int64_t steps) {
  const auto segment = std::make_shared<Segment>();
  segment->system = system;
  OdeSolution& result = driver.result();
  const size_t first = result.y.size(), first_event = result.events.size(), orders = result.orders.size(),
               steps_before = result.grid.size() - 1;
  const State from = memory(driver.method());
  State shapes;
  // The function is called now, and again in every pull; what it captures by reference is only used now.
  const Tensor flat = checkpoint(
      [&, segment](const State& in) {
        if (segment->start) return pack(segment->again(in));
        set_memory(driver.method(), in);
        segment->start = driver.method().clone();
        driver.advance(steps);
        const State all = Segment::outcome(driver, first, first_event);
        for (const Tensor& t : all) shapes.push_back(stop_gradient(t));
        return pack(all);
      },
      from);
  const Outputs outputs = outputs_in_order(result, first, first_event);
  segment->times = {result.grid[steps_before]};
  segment->times.insert(segment->times.end(), outputs.t.begin(), outputs.t.end());
  segment->schedule.grid.assign(result.grid.begin() + static_cast<std::ptrdiff_t>(steps_before), result.grid.end());
  segment->schedule.orders.assign(result.orders.begin() + static_cast<std::ptrdiff_t>(orders), result.orders.end());

  int64_t offset = 0;
  size_t i = 0;
  driver.method().visit([&](Tensor& t) { t = unpack(flat, offset, shapes[i++]); });
  for (State* y : outputs.y)
    for (Tensor& t : *y) t = unpack(flat, offset, shapes[i++]);
}

}  // namespace

OdeSolution solve_checkpointed(const OdeTerm& term, const State& y0, const std::vector<double>& times,
                               const OdeOptions& options, const OdeStatistics& before) {
  const auto system = std::make_shared<System>(term, y0, options, before);
  Driver driver(make_stepper(system, times.front(), y0, {}), system, times, nullptr);
  if (!system->records(y0, driver.method().derivative()))
    return solve(term, y0, times, options, before, driver.method().derivative());
  for (int64_t steps = 1; !driver.at_end(); ++steps) take(driver, system, steps);
  return driver.finish();
}

}  // namespace dimwise::ode
