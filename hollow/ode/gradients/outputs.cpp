#include "hollow/ode/gradients/outputs.hpp"

namespace dimwise::ode {

Outputs outputs_in_order(OdeSolution& solution, size_t first, size_t first_event) {
  Outputs result;
  const bool forward = solution.grid.back() > solution.grid.front();
  size_t event = first_event;
  const auto add_event = [&] {
    OdeEventReached& reached = solution.events[event++];
    result.t.push_back(reached.t);
    result.y.push_back(&reached.y);
  };
  for (size_t i = first; i < solution.y.size(); ++i) {
    const double t = solution.t[i];
    while (event < solution.events.size() && (solution.events[event].t < t) == forward && solution.events[event].t != t)
      add_event();
    result.t.push_back(t);
    result.y.push_back(&solution.y[i]);
  }
  while (event < solution.events.size()) add_event();
  return result;
}

}  // namespace dimwise::ode
