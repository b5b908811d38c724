#include "hollow/ode/gradients/event_times.hpp"

#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/tape.hpp"
#include "hollow/ode/detail/system.hpp"
#include "hollow/solve/implicit.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"

namespace dimwise::ode {

namespace {
constexpr int64_t evaluations_to_move = 4;
}

State moved_in_time(const OdeTerm& term, const Tensor& t, const State& y, const Tensor& h) {
  if (term.mass)
    fail<ValueError>("odeint",
                     "times and events of a term with a mass matrix have no gradients: f is not y'. Give times "
                     "without gradient, and solve under NoGrad if there are events.");
  const Tensor length = astype(h, y[0].dtype());
  const auto moved = [&](double share, const State& k) {
    State result;
    for (size_t i = 0; i < y.size(); ++i) result.push_back(y[i] + share * length * k[i]);
    return result;
  };
  const auto f = [&](double share, const State& at) {
    State k = term(t + share * h, at);
    check_structure(k, y);
    return k;
  };
  const State k1 = f(0, y), k2 = f(0.5, moved(0.5, k1)), k3 = f(0.5, moved(0.5, k2)), k4 = f(1, moved(1, k3));
  State slope;
  for (size_t i = 0; i < y.size(); ++i) slope.push_back((k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]) / 6);
  return moved(1, slope);
}

void count_moves(OdeStatistics& statistics, const OdeTerm& term, int64_t moves) {
  statistics.evaluations += evaluations_to_move * moves;
  if (term.nonstiff) statistics.nonstiff_evaluations += evaluations_to_move * moves;
}

void attach_event_time(const OdeTerm& term, const OdeEvent& event, OdeEventReached& reached,
                       OdeStatistics& statistics) {
  if (!any_tracked(reached.y) && !event.g(reached.time, reached.y).tracked()) return;
  const Tensor at = reached.time;
  const auto g = [&](const Tensor& t) {
    return reshape(astype(event.g(t, moved_in_time(term, at, reached.y, t - at)), DType::float64), {1});
  };
  const Tensor t = implicit_root([&](const Tensor& root) { return g(reshape(root, {})); }, reshape(at, {1}),
                                 {.method = ImplicitMethod::dense});
  reached.time = reshape(t, {});
  reached.y = moved_in_time(term, at, reached.y, reached.time - at);
  count_moves(statistics, term, 2);
}

double event_slope(const OdeTerm& term, const OdeEvent& event, double t, const State& y) {
  const EnableGrad guard;
  std::vector<Tensor> inputs{track(scalar(t, DType::float64))};
  for (const Tensor& part : y) inputs.push_back(track(stop_gradient(part)));
  const Tensor g = event.g(inputs[0], {inputs.begin() + 1, inputs.end()});
  if (!g.tracked()) return NAN;
  const NoGrad off;
  std::vector<Tensor> directions{scalar(1, DType::float64)};
  for (const Tensor& k : term(inputs[0], {inputs.begin() + 1, inputs.end()})) directions.push_back(k);
  return Tape({g}, inputs, {.cut_at_inputs = true}).push(directions)[0].item();
}

}  // namespace dimwise::ode
