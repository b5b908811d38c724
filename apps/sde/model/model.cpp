#include "apps/sde/model/model.hpp"

#include <algorithm>
#include <cmath>

#include "apps/common/cli/exit_code.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::sde {

namespace {

AnyDensity make_density(const ModelSettings& s, const Observations& seen, const Rng& rng) {
  const int64_t d = seen.d(), groups = seen.groups();
  const int64_t context = s.initial == "start" ? d : groups > 1 ? groups : 0;
  if (s.density == "flow") {
    HollowConfig net = s.net;
    net.d = d;
    net.hidden = s.density_hidden;
    net.activation = s.density_activation;
    net.context = context;
    return {make_flow_density(net, rng, {.steps = s.flow_steps})};
  }
  return {TimeMixture({.d = d,
                       .components = s.components,
                       .hidden = s.density_hidden,
                       .activation = s.density_activation,
                       .context = context,
                       .anchored = s.initial == "start",
                       .dtype = s.net.dtype},
                      rng)};
}

Tensor as_column(const std::vector<double>& values, DType dtype) {
  return reshape(tensor(values, dtype), {static_cast<int64_t>(values.size()), 1});
}

Tensor own_time(const SdeModel& model, const std::vector<double>& t) {
  const std::vector<double> clock = model.clock.value.values();
  std::vector<double> own;
  for (const double v : t) own.push_back((v - clock[0]) / clock[1]);
  return as_column(own, dtype_of(model.drift));
}

Tensor own_place(const SdeModel& model, const Tensor& x) {
  return astype(model.units.forward(x), dtype_of(model.drift));
}

// {v, D v, …} converted from the model's units to those of the data: D^k v · scale^{1−k} / time.
std::vector<Tensor> in_data_units(std::vector<Tensor> v, const Tensor& scale, double time) {
  Tensor factor = scale / time;
  for (Tensor& each : v) {
    each = each * factor;
    factor = factor / scale;
  }
  return v;
}

}  // namespace

SdeModel make_model(const ModelSettings& s, const Observations& train, const std::vector<std::optional<double>>& known,
                    const Rng& rng) {
  const DType dtype = s.net.dtype;
  if (s.net.time && s.initial == "start")
    fail<UsageError>(
        "--time-dependent",
        "needs the same time for all paths, but --initial start measures it from each start. Use --initial groups.");
  SdeModel model;
  model.units = fit_standardizer(train.x, train.columns, DType::float64);
  const auto [first, last] = std::minmax_element(train.t.begin(), train.t.end());
  if (!(*first < *last))
    fail<DataError>("data", "all training observations are at t = ", *first, ". Give observations at several times.");
  model.clock = {tensor({*first, *last - *first}, DType::float64)};
  model.time_dependent = s.net.time;
  model.from_start = s.initial == "start";
  model.groups = train.groups();
  model.density = make_density(s, train, rng.split("density"));
  HollowConfig net = s.net;
  net.d = train.d();
  model.drift = make_hollow_net(net, rng.split("drift"));
  const std::vector<double> scale = model.units.scale.value.values();
  std::vector<double> unit, value;
  for (size_t i = 0; i < known.size(); ++i) {
    unit.push_back(known[i] ? 0 : 1);
    value.push_back(known[i] ? *known[i] / scale[i] * std::sqrt(*last - *first) : 0);
  }
  model.diffusion = {make_hollow_net(net, rng.split("diffusion")), {tensor(unit, dtype)}, {tensor(value, dtype)}};
  if (auto* mixture = std::get_if<TimeMixture>(&model.density.kind); mixture && model.from_start) {
    const Points points = density_points(model, train);
    mixture->spread(points.x - points.context, rng.split("spread"));
  } else if (mixture) {
    mixture->spread(own_place(model, train.x), rng.split("spread"));
  }
  return model;
}

Sde own_equation(const SdeModel& model) {
  return {hollow_coefficient(model.drift, {.time = model.time_dependent}),
          hollow_coefficient(model.diffusion, {.time = model.time_dependent})};
}

Sde equation(const SdeModel& model) {
  const std::vector<double> clock = model.clock.value.values();
  const Sde own = own_equation(model);
  const auto in_units = [clock, units = model.units](const SdeCoefficient& own, double time) -> SdeCoefficient {
    return [=](const Tensor& t, const Tensor& x, int order) {
      return in_data_units(own((t - clock[0]) / clock[1], units.forward(x), order), units.scale.value, time);
    };
  };
  return {in_units(own.drift, clock[1]), in_units(own.diffusion, std::sqrt(clock[1]))};
}

Points density_points(const SdeModel& model, const Observations& seen) {
  Points all{own_time(model, seen.t), own_place(model, seen.x), {}};
  if (!model.from_start) {
    if (model.groups == 1) return all;
    std::vector<double> which(static_cast<size_t>(seen.size() * model.groups));
    for (size_t i = 0; i < seen.group.size(); ++i)
      which[i * static_cast<size_t>(model.groups) + static_cast<size_t>(seen.group[i])] = 1;
    return {all.t, all.x, tensor(which, {seen.size(), model.groups}, dtype_of(model.drift))};
  }
  std::vector<int64_t> later, first;
  for (int64_t i = 0, begin = 0; i < seen.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    if (i > 0 && seen.path[at] != seen.path[at - 1]) begin = i;
    if (i == begin) continue;
    later.push_back(i);
    first.push_back(begin);
  }
  if (later.empty())
    fail<DataError>("data",
                    "no path has two observations, so none has a later one than its start. Use --initial groups.");
  const Tensor since = index_select(all.t, 0, later) - index_select(all.t, 0, first);
  return {since, index_select(all.x, 0, later), index_select(all.x, 0, first)};
}

Tensor log_density(const SdeModel& model, const Tensor& t, const Tensor& x, int64_t group) {
  const std::vector<double> clock = model.clock.value.values();
  Tensor context;
  if (model.groups > 1) {
    std::vector<double> which(static_cast<size_t>(model.groups));
    which[static_cast<size_t>(group)] = 1;
    context = broadcast_to(tensor(which, DType::float64), {x.dim(0), model.groups});
  }
  return model.density.log_prob((t - clock[0]) / clock[1], model.units.forward(x), context) + model.units.log_det();
}

Transitions transitions(const SdeModel& model, const Observations& seen) {
  const auto [from, to] = pairs(seen);
  if (from.empty())
    fail<DataError>("data", "no path has two observations, so there are no transitions. Use --method fokker-planck.");
  const Points all{own_time(model, seen.t), own_place(model, seen.x), {}};
  return {rows(all, from), rows(all, to)};
}

Points rows(const Points& all, const std::vector<int64_t>& which) {
  const auto some = [&](const Tensor& x) { return x.defined() ? index_select(x, 0, which) : x; };
  return {some(all.t), some(all.x), some(all.context)};
}

}  // namespace dimwise::app::sde
