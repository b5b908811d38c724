#include "apps/sde/pictures.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/common/plot/places.hpp"
#include "apps/common/report/metrics.hpp"
#include "apps/sde/model/learned_process.hpp"
#include "apps/sde/model/replicates.hpp"
#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::sde {

namespace {

constexpr DType f64 = DType::float64;
constexpr int64_t most_axes = 6;  // of many dimensions, the first ones are drawn

std::vector<double> column_values(const Tensor& x, int64_t i) { return select(x, 1, i).values(); }

Limits span(const Tensor& x, int64_t i, double margin = 0.05) { return app::span(column_values(x, i), margin); }

constexpr int cells = 120;  // of a heat map along one side

// Points along an axis, the other components at their means.
Tensor along(const Tensor& x, int64_t axis, const std::vector<double>& places) {
  const auto n = static_cast<int64_t>(places.size());
  std::vector<double> all = broadcast_to(mean(x, {0}), {n, x.dim(1)}).values();
  for (int64_t i = 0; i < n; ++i) all[static_cast<size_t>(i * x.dim(1) + axis)] = places[static_cast<size_t>(i)];
  return tensor(all, {n, x.dim(1)}, f64);
}

// A coefficient at the first observed time: with --time-dependent, one of many.
Tensor at_first(const SdeCoefficient& c, const SavedRun& fit, const Tensor& x) {
  const double first = fit.model.clock.value.values()[0];
  return c(full({x.dim(0), 1}, first, f64), x, 0)[0];
}

struct Equations {
  Sde learned;
  std::optional<Sde> truth;
  const std::vector<Sde>& replicates;
};
Equations equations(const SavedRun& fit, const std::vector<Sde>& replicates) {
  Equations all{equation(astype(fit.model, f64)), {}, replicates};
  if (fit.data.truth) all.truth = fit.data.truth->sde;
  return all;
}

using Which = SdeCoefficient Sde::*;
const char* letter(Which which) { return which == &Sde::drift ? "f" : "g"; }

// Curves of component i along an axis: the learned coefficient and, if known, the true one.
Panel slice_panel(const SavedRun& fit, Which which, int64_t i, int64_t axis, const Equations& all) {
  const auto name = [&](int64_t k) { return model_columns(fit)[static_cast<size_t>(k)]; };
  const std::vector<double> places = linspace(span(fit.data.test.x, axis), 120);
  const Tensor points = along(fit.data.test.x, axis, places);
  Panel panel{.title = letter(which) + (" of " + name(i)), .x_label = name(axis)};
  panel.lines.push_back({places, column_values(at_first(all.learned.*which, fit, points), i), "learned"});
  if (all.truth) panel.lines.push_back({places, column_values(at_first((*all.truth).*which, fit, points), i), "true"});
  if (all.replicates.size() > 1) {
    const Tensor t = full({points.dim(0), 1}, fit.model.clock.value.values()[0], f64);
    Line& learned = panel.lines[0];
    learned.error = column_values(2.0 * standard_errors(all.replicates, which, t, points), i);
    learned.label += " ± 2 standard errors";
  }
  return panel;
}

// The same limits of y for all panels, to compare curves.
void share_scale(std::vector<Panel>& panels) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Panel& panel : panels)
    for (const Line& line : panel.lines) {
      for (const double v : line.lower()) low = std::min(low, v);
      for (const double v : line.upper()) high = std::max(high, v);
    }
  const double margin = 0.05 * (high - low) + 1e-12;
  for (Panel& panel : panels) panel.y_limits = Limits{low - margin, high + margin};
}

// Each component along its own axis.
Figure own_axes(const SavedRun& fit, Which which, const Equations& all) {
  Figure figure;
  for (int64_t i = 0; i < std::min(fit.data.test.d(), most_axes); ++i)
    figure.panels.push_back(slice_panel(fit, which, i, i, all));
  figure.columns = static_cast<int>(std::min<size_t>(figure.panels.size(), 3));
  return figure;
}

Panel arrows(const std::string& title, const Tensor& points, const Tensor& field, double unit, const SavedRun& fit) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> x = points.values(), v = field.values();
  Panel panel{.title = title, .x_label = model_columns(fit)[0], .y_label = model_columns(fit)[1]};
  Line shafts;
  Scatter feet{.radius = 2, .alpha = 0.8};
  for (size_t i = 0; i < x.size(); i += 2) {
    shafts.x.insert(shafts.x.end(), {x[i], x[i] + unit * v[i], nan});
    shafts.y.insert(shafts.y.end(), {x[i + 1], x[i + 1] + unit * v[i + 1], nan});
    feet.x.push_back(x[i]);
    feet.y.push_back(x[i + 1]);
  }
  panel.lines.push_back(std::move(shafts));
  panel.scatters.push_back(std::move(feet));
  return panel;
}

// Observations near a time, grouped by the context of the density, with the size of each group.
struct Moment {
  double time;  // in the units of the data
  Tensor x;     // (m, d)
  std::vector<Points> laws;
  std::vector<double> weights;
  std::vector<double> groups;  // the share of each group of the data
};

std::vector<Moment> moments(const SavedRun& fit, const SdeModel& model) {
  const Points all = density_points(model, fit.data.test);
  const std::vector<double> t = all.t.values();
  const Tensor x = model.units.inverse(all.x);
  const double low = *std::min_element(t.begin(), t.end()), high = *std::max_element(t.begin(), t.end());
  std::vector<Moment> moments;
  for (int k = 0; k < 4; ++k) {
    const double wanted = low + (high - low) * k / 3.0;
    const double nearest = *std::min_element(
        t.begin(), t.end(), [&](double a, double b) { return std::abs(a - wanted) < std::abs(b - wanted); });
    std::vector<int64_t> close;
    for (size_t i = 0; i < t.size(); ++i)
      if (std::abs(t[i] - nearest) <= 0.015 * (high - low)) close.push_back(static_cast<int64_t>(i));
    const std::vector<double> clock = model.clock.value.values();
    Moment moment{clock[0] * (model.from_start ? 0 : 1) + nearest * clock[1], index_select(x, 0, close), {}, {}, {}};
    // At most 40 starts represent all; groups are few, each is represented by its first member.
    const size_t every = std::max<size_t>(1, close.size() / 40);
    std::map<std::vector<double>, size_t> seen;
    for (size_t i = 0; i < close.size(); i += every) {
      const Points one = rows(all, {close[i]});
      const std::vector<double> key = one.context.defined() ? one.context.values() : std::vector<double>{};
      const auto [at, added] = seen.emplace(key, moment.laws.size());
      if (added) {
        moment.laws.push_back({full({1, 1}, nearest, f64), one.x, one.context});
        moment.weights.push_back(0);
      }
      ++moment.weights[at->second];
      const auto group = static_cast<size_t>(fit.data.test.group[static_cast<size_t>(close[i])]);
      moment.groups.resize(std::max(moment.groups.size(), group + 1));
      ++moment.groups[group];
    }
    double total = 0;
    for (const double w : moment.weights) total += w;
    for (double& w : moment.weights) w /= total;
    for (double& w : moment.groups) w /= total;
    moments.push_back(std::move(moment));
  }
  return moments;
}

// The density of all laws of a moment at points in the units of the data.
std::vector<double> pooled_density(const SdeModel& model, const Moment& m, const Tensor& points) {
  const int64_t n = points.dim(0);
  Tensor total = zeros({n}, f64);
  for (size_t i = 0; i < m.laws.size(); ++i) {
    const Points& law = m.laws[i];
    const Tensor context = law.context.defined() ? broadcast_to(law.context, {n, law.context.dim(1)}) : Tensor();
    const Tensor own = model.density.log_prob(broadcast_to(law.t, {n, 1}), model.units.forward(points), context);
    total = total + m.weights[i] * exp(own + model.units.log_det());
  }
  return total.values();
}

// The same of the equation that the data are of.
std::vector<double> true_density(const SdeSystem& truth, const Moment& m, const Tensor& points) {
  const int64_t n = points.dim(0);
  Tensor total = zeros({n}, f64);
  for (size_t g = 0; g < m.groups.size(); ++g)
    total = total + m.groups[g] * exp(truth.log_density(full({n, 1}, m.time, f64), points, static_cast<int64_t>(g)));
  return total.values();
}

Tensor pooled_samples(const SdeModel& model, const Moment& m, int64_t n, const Rng& rng) {
  std::vector<int64_t> which;
  for (size_t i = 0; i < m.laws.size(); ++i)
    which.insert(which.end(), static_cast<size_t>(std::llround(m.weights[i] * static_cast<double>(n))),
                 static_cast<int64_t>(i));
  std::vector<Tensor> t, context;
  for (const Points& law : m.laws) {
    t.push_back(law.t);
    if (law.context.defined()) context.push_back(law.context);
  }
  return model.units.inverse(
      model.density.sample(rng, index_select(concat(t, 0), 0, which),
                           context.empty() ? Tensor() : index_select(concat(context, 0), 0, which)));
}

std::string when(const SavedRun& fit, const Moment& m) {
  return fmt::format("t = {:.3g}{}", m.time, fit.model.from_start ? " after the start" : "");
}

}  // namespace

Picture data_picture(const SavedRun& fit) {
  const Observations& seen = fit.data.test;
  const bool flat = seen.d() == 2;
  Panel panel{.title = fit.data.name + ", held out",
              .x_label = flat ? seen.columns[0] : "t",
              .y_label = flat ? seen.columns[1] : seen.columns[0]};
  const std::vector<double> x = flat ? column_values(seen.x, 0) : seen.t, y = column_values(seen.x, flat ? 1 : 0);
  for (size_t i = 0; i < x.size(); ++i) {
    if (i == 0 || seen.path[i] != seen.path[i - 1]) {
      if (panel.lines.size() == 30) break;
      panel.lines.emplace_back();
      panel.lines.back().dots = true;
    }
    panel.lines.back().x.push_back(x[i]);
    panel.lines.back().y.push_back(y[i]);
  }
  return {"data", {.panels = {panel}, .columns = 1}};
}

std::optional<Picture> density_picture(const SavedRun& fit, const Rng& rng) {
  if (fit.settings.method == "euler") return {};
  const NoGrad guard;
  const SdeModel model = astype(fit.model, f64);
  const Tensor& x = fit.data.test.x;
  const int64_t d = x.dim(1);
  Picture picture{"density", {.panels = {}, .columns = d == 1 ? 2 : 4, .panel_width = 400, .panel_height = 340}};
  std::vector<Panel>& panels = picture.figure.panels;
  const SdeSystem* truth = known_density(fit);
  std::vector<Panel> exact, learned;  // rows of the figure
  for (const Moment& m : moments(fit, model)) {
    const std::string first = model_columns(fit)[0];
    if (d == 1) {
      const Limits l = span(x, 0, 0.1);
      const std::vector<double> places = linspace(l, 200);
      const Tensor points = tensor(places, {200, 1}, f64);
      panels.push_back({.title = when(fit, m), .x_label = first, .y_label = "density"});
      panels.back().lines = {histogram(m.x.values(), l, "data"), {places, pooled_density(model, m, points), "learned"}};
      if (truth) panels.back().lines.push_back({places, true_density(*truth, m, points), "true"});
      continue;
    }
    const Limits lx = span(x, 0, 0.1), ly = span(x, 1, 0.1);
    const std::string second = model_columns(fit)[1];
    Panel data{.title = "data, " + when(fit, m), .x_label = first, .y_label = second, .x_limits = lx, .y_limits = ly};
    data.scatters.push_back({column_values(m.x, 0), column_values(m.x, 1), "", 1.8, 0.6});
    Panel own{.title = "learned, " + when(fit, m), .x_label = first, .y_label = second, .x_limits = lx, .y_limits = ly};
    if (d == 2) {
      const Tensor points = grid_points(centers(lx, cells), centers(ly, cells));
      HeatMap map{.columns = cells, .x0 = lx.low, .x1 = lx.high, .y0 = ly.low, .y1 = ly.high};
      map.values = pooled_density(model, m, points);
      own.heat_map = map;
      if (truth) {
        map.values = true_density(*truth, m, points);
        std::vector<Panel> both{own, own};
        both[0].title = "true, " + when(fit, m);
        both[0].heat_map = std::move(map);
        share_range(both);
        own = both[1];
        exact.push_back(std::move(both[0]));
      }
    } else {
      const Tensor drawn = pooled_samples(model, m, std::max<int64_t>(m.x.dim(0), 200), rng);
      own.scatters.push_back({column_values(drawn, 0), column_values(drawn, 1), "", 1.8, 0.6});
    }
    panels.push_back(std::move(data));
    learned.push_back(std::move(own));
  }
  panels.insert(panels.end(), exact.begin(), exact.end());
  panels.insert(panels.end(), learned.begin(), learned.end());
  return picture;
}

Picture drift_picture(const SavedRun& fit, const std::vector<Sde>& replicates) {
  const NoGrad guard;
  const Equations both = equations(fit, replicates);
  const SdeCoefficient* truth = both.truth ? &both.truth->drift : nullptr;
  const Tensor& x = fit.data.test.x;
  if (x.dim(1) != 2) return {"drift", own_axes(fit, &Sde::drift, both)};
  const Limits lx = span(x, 0), ly = span(x, 1);
  const int64_t n = 15;
  const Tensor points = grid_points(linspace(lx, n), linspace(ly, n));
  const Tensor learned = at_first(both.learned.drift, fit, points);
  const Tensor exact = truth ? at_first(*truth, fit, points) : learned;
  // The longest arrow spans one and a half cells of the grid.
  const auto reach = [&](int64_t i, const Limits& l) {
    return 1.5 * (l.high - l.low) / static_cast<double>(n - 1) / std::max(max(abs(select(exact, 1, i))).item(), 1e-12);
  };
  const double unit = std::min(reach(0, lx), reach(1, ly));
  std::vector<Panel> panels;
  for (int64_t i = 0; i < 2; ++i) {
    if (i == 0) panels.push_back(arrows("learned drift", points, learned, unit, fit));
    if (i == 1 && truth) panels.push_back(arrows("true drift", points, exact, unit, fit));
    std::vector<Panel> slices;
    for (int64_t axis = 0; axis < 2; ++axis) slices.push_back(slice_panel(fit, &Sde::drift, i, axis, both));
    share_scale(slices);
    panels.insert(panels.end(), slices.begin(), slices.end());
  }
  return {"drift", {.panels = std::move(panels), .columns = 3}};
}

Picture diffusion_picture(const SavedRun& fit, const std::vector<Sde>& replicates) {
  const NoGrad guard;
  Figure figure = own_axes(fit, &Sde::diffusion, equations(fit, replicates));
  for (Panel& panel : figure.panels) {
    double high = 0;
    for (const Line& line : panel.lines)
      for (const double v : line.upper()) high = std::max(high, v);
    panel.y_limits = Limits{0, high > 0 ? 1.15 * high : 1};
  }
  return {"diffusion", std::move(figure)};
}

Picture training_picture(const std::string& metrics) {
  struct Curve {
    const char *name, *label;
  };
  const auto panel = [&](const std::string& title, const std::vector<Curve>& curves, bool log_y) {
    Panel p{.title = title, .x_label = "step", .log_y = log_y};
    for (const Curve& curve : curves) {
      Line line = read_metric(metrics, curve.name, curve.label);
      if (!line.x.empty()) p.lines.push_back(std::move(line));
    }
    return p;
  };
  Picture picture{"training", {.panels = {}, .columns = 3}};
  for (Panel& p : std::vector<Panel>{
           panel("mean absolute error", {{"drift_error", "f"}, {"diffusion_error", "g"}}, true),
           panel("negative log-likelihood",
                 {{"nll", "training"}, {"pseudo_nll", "Euler, a component"}, {"test_nll", "held out"}}, false),
           panel("residual", {{"residual", "residual"}}, false)})
    if (!p.lines.empty()) picture.figure.panels.push_back(std::move(p));
  picture.figure.columns = static_cast<int>(std::max<size_t>(1, picture.figure.panels.size()));
  return picture;
}

}  // namespace dimwise::app::sde
