#include "hollow/ode/detail/events.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/node.hpp"

namespace dimwise::ode {

Events::Events(const std::vector<OdeEvent>& events, double t, const State& y) : events_(events) {
  for (size_t i = 0; i < events_.size(); ++i) g_.push_back(value(i, t, y));
}

double Events::value(size_t i, double t, const State& y) const {
  const NoGrad guard;
  const Tensor g = events_[i].g(scalar(t, y[0].dtype()), y);
  if (!g.defined()) fail<ValueError>("odeint", "event ", i, " returned an undefined tensor. Return one number.");
  if (g.size() != 1)
    fail<ShapeError>("odeint", "event ", i, " returned shape ", g.shape(), ", not one number. Reduce it.");
  return g.item();
}

// Regula falsi with the Illinois rule: it keeps a bracket and converges superlinearly.
double Events::root(size_t i, const Interpolant& interpolant, double before, double after) const {
  double a = interpolant.t, b = interpolant.t1, ga = before, gb = after;
  int side = 0;
  for (int k = 0; k < 100 && std::abs(b - a) > 4e-16 * std::max(std::abs(a), std::abs(b)); ++k) {
    double c = (a * gb - b * ga) / (gb - ga);
    if (!((c - a) * (b - c) > 0)) c = a + (b - a) / 2;
    if (c == a || c == b) break;
    const double gc = value(i, c, interpolant.at(c));
    if (gc == 0) return c;
    if ((gc > 0) == (gb > 0)) {
      b = c;
      gb = gc;
      if (side == -1) ga /= 2;
      side = -1;
    } else {
      a = c;
      ga = gc;
      if (side == 1) gb /= 2;
      side = 1;
    }
  }
  return b;
}

std::vector<OdeEventReached> Events::crossed(const Interpolant& interpolant, const State& y1) {
  std::vector<OdeEventReached> found;
  for (size_t i = 0; i < events_.size(); ++i) {
    const double before = std::exchange(g_[i], value(i, interpolant.t1, y1));
    // A root at the start of a step was already reported, or is the initial state.
    if (before == 0 || !(before * g_[i] <= 0)) continue;
    if (events_[i].direction * (g_[i] - before) < 0) continue;
    const double t = g_[i] == 0 ? interpolant.t1 : root(i, interpolant, before, g_[i]);
    found.push_back({i, t, t == interpolant.t1 ? y1 : interpolant.at(t)});
  }
  const double direction = interpolant.t1 > interpolant.t ? 1 : -1;
  std::stable_sort(found.begin(), found.end(),
                   [&](const auto& a, const auto& b) { return a.t * direction < b.t * direction; });
  const auto end = std::find_if(found.begin(), found.end(), [&](const auto& e) { return terminal(e); });
  if (end != found.end()) found.erase(end + 1, found.end());
  return found;
}

}  // namespace dimwise::ode
