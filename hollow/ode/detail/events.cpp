#include "hollow/ode/detail/events.hpp"

#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/node.hpp"

namespace dimwise::ode {

namespace {
// The bracket of a root is as short as doubles allow.
bool rounding(double a, double b) { return std::abs(b - a) <= 4e-16 * std::max(std::abs(a), std::abs(b)); }
}  // namespace

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

// The first time at which g has the sign of `after`, to the rounding of t: algorithm 748 of Alefeld, Potra & Shi
// (1995).
double Events::root(size_t i, const Interpolant& interpolant, double before, double after) const {
  const bool forward = interpolant.t < interpolant.t1;
  const auto g = [&](double t) { return value(i, t, interpolant.at(t)); };
  std::uintmax_t evaluations = 100;
  const auto [low, high] =
      forward
          ? boost::math::tools::toms748_solve(g, interpolant.t, interpolant.t1, before, after, rounding, evaluations)
          : boost::math::tools::toms748_solve(g, interpolant.t1, interpolant.t, after, before, rounding, evaluations);
  return forward ? high : low;
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
