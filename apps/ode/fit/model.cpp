#include "apps/ode/fit/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/cli/net_settings.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::ode {

namespace {

std::vector<int64_t> mlp_sizes(const FitModelSettings& s) {
  std::vector<int64_t> sizes{s.net.d + (s.net.time ? 1 : 0)};
  const std::vector<int64_t> hidden = s.net.hidden.empty() ? std::vector<int64_t>{64, 64} : s.net.hidden;
  sizes.insert(sizes.end(), hidden.begin(), hidden.end());
  sizes.push_back(s.net.d);
  return sizes;
}

OdeTerm mlp_term(const Mlp& net, bool time) {
  return VectorField([net, time](const Tensor& t, const State& y) -> State {
    if (!time) return {net(y[0])};
    Shape column = y[0].shape();
    column[-1] = 1;
    return {net(concat({y[0], broadcast_to(t, column)}, -1))};
  });
}

// f as a function of the share of the observed interval, in the dtype of x.
OdeTerm at_share(const OdeTerm& term, double share) {
  const auto scaled = [share](const Tensor& t, const State& y) { return astype(share * t, y[0].dtype()); };
  OdeTerm result(VectorField([=](const Tensor& t, const State& y) { return term.f(scaled(t, y), y); }));
  if (term.with_diagonal)
    result.with_diagonal = [=](const Tensor& t, const State& y) { return term.with_diagonal(scaled(t, y), y); };
  return result;
}

// A unit of time in which x moves by about 1: the length of all paths divided by the time they take. It does not grow
// with the noise of observations that are close together, as a mean of slopes would.
double unit_of_time(const Observations& seen, const Tensor& own) {
  const auto [from, to] = pairs(seen);
  double time = 0;
  for (size_t k = 0; k < from.size(); ++k)
    time += seen.t[static_cast<size_t>(to[k])] - seen.t[static_cast<size_t>(from[k])];
  const Tensor moved = index_select(own, 0, to) - index_select(own, 0, from);
  const double length = sum(norm(moved, {1})).item() / std::sqrt(static_cast<double>(seen.d()));
  return length > 0 ? time / length : time;
}

}  // namespace

FitModel make_model(const FitModelSettings& s, const Rng& rng) {
  FitModel model;
  model.units = Standardizer(s.net.d, DType::float64);
  model.clock = {tensor({0, 1, 1}, DType::float64)};
  model.starts = {zeros({s.paths, s.net.d}, DType::float64)};
  model.time_dependent = s.net.time;
  if (s.kind == "mlp")
    model.net = Mlp(mlp_sizes(s), s.net.activation, rng, s.net.dtype);
  else
    model.net = make_hollow_net(s.net, rng);
  return model;
}

void set_units(FitModel& model, const Observations& train) {
  model.units = fit_standardizer(train.x, train.columns, DType::float64);
  const auto [first, last] = std::minmax_element(train.t.begin(), train.t.end());
  const double unit = unit_of_time(train, model.units.forward(train.x));
  model.clock.value = tensor({*first, *last - *first, unit}, DType::float64);
  std::vector<int64_t> starts;
  for (int64_t i = 0; i < train.size(); ++i)
    if (i == 0 || train.path[static_cast<size_t>(i)] != train.path[static_cast<size_t>(i) - 1]) starts.push_back(i);
  model.starts.value = index_select(train.x, 0, starts);
}

std::vector<double> own_times(const FitModel& model, const std::vector<double>& t) {
  const std::vector<double> clock = model.clock.value.values();
  std::vector<double> own;
  for (const double v : t) own.push_back((v - clock[0]) / clock[2]);
  return own;
}

OdeTerm own_dynamics(const FitModel& model) {
  const auto* hollow = std::get_if<AnyHollowNet>(&model.net);
  OdeTerm term = hollow ? hollow_term(*hollow, {.time = model.time_dependent})
                        : mlp_term(std::get<Mlp>(model.net), model.time_dependent);
  if (!model.time_dependent) return term;
  const std::vector<double> clock = model.clock.value.values();
  return at_share(term, clock[2] / clock[1]);
}

OdeTerm dynamics(const FitModel& model) {
  const std::vector<double> clock = model.clock.value.values();
  const Tensor speed = model.units.scale.value / clock[2];
  const auto own_time = [clock](const Tensor& t) { return (t - clock[0]) / clock[2]; };
  const auto own_place = [units = model.units](const State& y) { return State{units.forward(y[0])}; };
  const OdeTerm own = own_dynamics(model);
  OdeTerm result(VectorField(
      [=](const Tensor& t, const State& y) -> State { return {own.f(own_time(t), own_place(y))[0] * speed}; }));
  if (own.with_diagonal)
    result.with_diagonal = [=](const Tensor& t, const State& y) -> ValueAndDiagonal {
      const ValueAndDiagonal both = own.with_diagonal(own_time(t), own_place(y));
      return {{both.f[0] * speed}, {both.d[0] / clock[2]}};
    };
  return result;
}

std::string describe(const FitModelSettings& s) {
  const std::string net = s.kind == "mlp"
                              ? fmt::format("MLP {}, {}", fmt::join(mlp_sizes(s), ","), name(s.net.activation))
                              : app::describe(s.net);
  return fmt::format("dx/dt = f({}): {}, {}", s.net.time ? "t, x" : "x", net, name(s.net.dtype));
}

}  // namespace dimwise::app::ode
