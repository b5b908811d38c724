#include "hollow/ode/gradients/packing.hpp"

#include "ops/layout.hpp"

namespace dimwise::ode {

Tensor pack(const State& parts) {
  State flat;
  for (const Tensor& part : parts) flat.push_back(reshape(part, {part.size()}));
  return flat.size() == 1 ? flat[0] : concat(flat, 0);
}

Tensor unpack(const Tensor& flat, int64_t& offset, const Tensor& like) {
  const int64_t start = offset;
  offset += like.size();
  return reshape(like.size() == flat.size() ? flat : slice(flat, 0, start, offset), like.shape());
}

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
