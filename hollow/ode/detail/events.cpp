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
constexpr int parts = 8;  // of a step, at whose ends an event is evaluated

// The bracket of a root is as short as doubles allow.
bool rounding(double a, double b) { return std::abs(b - a) <= 4e-16 * std::max(std::abs(a), std::abs(b)); }
}  // namespace

Events::Events(const std::vector<OdeEvent>& events, double t, const State& y) : events_(events) {
  for (size_t i = 0; i < events_.size(); ++i) g_.push_back(value(i, t, y));
  lost_.assign(events_.size(), {t, NAN});
}

double Events::value(size_t i, double t, const State& y) const {
  const NoGrad guard;
  const Tensor g = events_[i].g(scalar(t, DType::float64), y);
  if (!g.defined()) fail<ValueError>("odeint", "event ", i, " returned an undefined tensor. Return one number.");
  if (g.size() != 1)
    fail<ShapeError>("odeint", "event ", i, " returned shape ", g.shape(), ", not one number. Reduce it.");
  return g.item();
}

// The first time after a root at which g has the sign that it has at b: algorithm 748 of Alefeld, Potra & Shi (1995).
double Events::root(size_t i, const Interpolant& interpolant, const Sample& a, const Sample& b) const {
  const NoGrad guard;
  const auto g = [&](double t) { return value(i, t, interpolant.at(t)); };
  std::uintmax_t evaluations = 100;
  const bool forward = a.t < b.t;
  const auto [low, high] = forward ? boost::math::tools::toms748_solve(g, a.t, b.t, a.g, b.g, rounding, evaluations)
                                   : boost::math::tools::toms748_solve(g, b.t, a.t, b.g, a.g, rounding, evaluations);
  return forward ? high : low;
}

// The last place towards `nan` at which g is a number.
Events::Sample Events::border(size_t i, const Interpolant& interpolant, Sample number, double nan) const {
  const NoGrad guard;
  for (int halvings = 0; halvings < 60; ++halvings) {
    const double t = number.t + 0.5 * (nan - number.t);
    if (t == number.t || t == nan) break;
    const double g = value(i, t, interpolant.at(t));
    if (std::isnan(g))
      nan = t;
    else
      number = {t, g};
  }
  return number;
}

void Events::search(size_t i, const Interpolant& interpolant, const Sample& a, const Sample& b,
                    std::vector<double>& roots) {
  if (std::isnan(a.g) && std::isnan(b.g)) return;
  if (std::isnan(b.g)) {
    const Sample last = border(i, interpolant, a, b.t);
    if (last.t != a.t) search(i, interpolant, a, last, roots);
    lost_[i] = last;
    return;
  }
  if (std::isnan(a.g)) {
    const Sample first = border(i, interpolant, b, a.t);
    const Sample& before = lost_[i];
    if (before.g * first.g < 0)
      fail<ValueError>("odeint", "event ", i, " is NaN between t = ", before.t, " and ", first.t,
                       ", where its sign changes from ", before.g, " to ", first.g, ". Give it a value there.");
    if (first.t != b.t) search(i, interpolant, first, b, roots);
    return;
  }
  if (a.g == 0 || (b.g != 0 && (a.g < 0) == (b.g < 0))) return;
  const int rising = a.g < 0 ? 1 : -1;
  if (events_[i].direction * rising < 0) return;
  roots.push_back(b.g == 0 ? b.t : root(i, interpolant, a, b));
}

std::vector<OdeEventReached> Events::crossed(const Interpolant& interpolant, const State& y1) {
  const double step = interpolant.t1 - interpolant.t;
  // After a root, and at the start of a solve, which may begin at one, g has the sign that it has shortly afterwards.
  const auto shortly_after = [&](size_t i, double t, double length) {
    const NoGrad guard;
    const double later = t + 1e-6 * length;
    return Sample{t, value(i, later, interpolant.at(later))};
  };
  std::vector<Sample> before;
  for (size_t i = 0; i < events_.size(); ++i)
    before.push_back(started_ && g_[i] != 0 ? Sample{interpolant.t, g_[i]} : shortly_after(i, interpolant.t, step));
  started_ = true;
  std::vector<OdeEventReached> found;
  const auto ended = [&](const OdeEventReached& e) { return terminal(e); };
  for (int part = 1; part <= parts && std::none_of(found.begin(), found.end(), ended); ++part) {
    const double t = part == parts ? interpolant.t1 : interpolant.t + step * part / parts;
    State y;
    {
      const NoGrad guard;
      y = part == parts ? y1 : interpolant.at(t);
    }
    for (size_t i = 0; i < events_.size(); ++i) {
      const Sample now{t, value(i, t, y)};
      std::vector<double> roots;
      search(i, interpolant, before[i], now, roots);
      for (const double at : roots) {
        const auto time = scalar(at, DType::float64);
        found.push_back({i, at, at == interpolant.t1 ? y1 : interpolant.at(at), time});
      }
      before[i] = now.g == 0 && part < parts ? shortly_after(i, t, step / parts) : now;
      g_[i] = now.g;
    }
  }
  const double direction = step > 0 ? 1 : -1;
  std::stable_sort(found.begin(), found.end(),
                   [&](const auto& a, const auto& b) { return a.t * direction < b.t * direction; });
  const auto end = std::find_if(found.begin(), found.end(), ended);
  if (end != found.end()) found.erase(end + 1, found.end());
  return found;
}

}  // namespace dimwise::ode
