#include "apps/ode/fit/pictures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/common/plot/places.hpp"
#include "autodiff/context.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::ode {

namespace {

constexpr int64_t most_components = 6;

std::vector<double> column(const Tensor& x, int64_t i) { return select(x, 1, i).values(); }

void append(std::vector<double>& all, const std::vector<double>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// The observations that are drawn: those of the forecast paths, and of a single path also what was learned from.
std::vector<Observations> drawn(const Trajectories& data, const std::vector<Forecast>& lines) {
  std::vector<Observations> all;
  if (data.one_path) all.push_back(data.train);
  if (data.one_path && data.validation) all.push_back(*data.validation);
  for (const Forecast& line : lines) {
    std::vector<int64_t> rows;
    for (int64_t i = 0; i < line.path.count; ++i) rows.push_back(line.path.first + i);
    all.push_back(subset(data.test, rows));
  }
  return all;
}

// `of` gives a coordinate of times and states.
template <class X, class Y>
void draw_paths(Panel& panel, const Trajectories& data, const std::vector<Forecast>& lines, const X& x, const Y& y) {
  Scatter dots{.label = "observed", .radius = 2.5, .alpha = 0.8};
  for (const Observations& seen : drawn(data, lines)) {
    append(dots.x, x(seen.t, seen.x));
    append(dots.y, y(seen.t, seen.x));
  }
  Line curves{.label = "forecast"};
  for (const Forecast& line : lines) {
    append(curves.x, x(line.t, line.x));
    append(curves.y, y(line.t, line.x));
    for (std::vector<double>* all : {&curves.x, &curves.y}) all->push_back(std::numeric_limits<double>::quiet_NaN());
  }
  panel.scatters.push_back(std::move(dots));
  panel.lines.push_back(std::move(curves));
}

Limits span(const Trajectories& data, int64_t i) {
  std::vector<double> all = column(data.train.x, i);
  if (data.validation) append(all, column(data.validation->x, i));
  append(all, column(data.test.x, i));
  const auto [low, high] = std::minmax_element(all.begin(), all.end());
  const double margin = 0.05 * (*high - *low);
  return {*low - margin, *high + margin};
}

std::vector<double> field_at(const FitModel& model, const std::vector<double>& places, int64_t d) {
  const NoGrad guard;
  const auto n = static_cast<int64_t>(places.size()) / d;
  const Tensor first = scalar(model.clock.value.values()[0], DType::float64);
  return dynamics(model).f(first, {tensor(places, {n, d}, DType::float64)})[0].values();
}

// Lines along the field from dots; the longest is as long as a cell of their grid.
void draw_field(Panel& panel, const FitModel& model, const Limits& x, const Limits& y) {
  constexpr int cells = 15;
  const double dx = (x.high - x.low) / cells, dy = (y.high - y.low) / cells;
  const std::vector<double> places = grid_points(centers(x, cells), centers(y, cells)).values();
  const std::vector<double> f = field_at(model, places, 2);
  double longest = 1e-300;
  for (size_t i = 0; i < f.size(); i += 2) longest = std::max(longest, std::hypot(f[i] / dx, f[i + 1] / dy));
  Line shafts{.label = "field"};
  Scatter feet{.radius = 1.2, .alpha = 0.8};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (size_t i = 0; i < f.size(); i += 2) {
    append(shafts.x, {places[i], places[i] + f[i] / longest, nan});
    append(shafts.y, {places[i + 1], places[i + 1] + f[i + 1] / longest, nan});
    feet.x.push_back(places[i]);
    feet.y.push_back(places[i + 1]);
  }
  panel.lines.push_back(std::move(shafts));
  panel.scatters.push_back(std::move(feet));
}

Panel rate_panel(const FitModel& model, const Trajectories& data) {
  constexpr int n = 200;
  const std::string& name = data.test.columns[0];
  const Limits x = span(data, 0);
  const std::vector<double> places = linspace(x, n);
  return {
      .title = "learned rate", .x_label = name, .y_label = name + "'", .lines = {{places, field_at(model, places, 1)}}};
}

}  // namespace

Figure time_figure(const Trajectories& data, const std::vector<Forecast>& lines) {
  Figure figure;
  for (int64_t i = 0; i < std::min(data.test.d(), most_components); ++i) {
    Panel panel{.title = data.test.columns[static_cast<size_t>(i)] + ", held out", .x_label = "t"};
    draw_paths(
        panel, data, lines, [](const std::vector<double>& t, const Tensor&) { return t; },
        [i](const std::vector<double>&, const Tensor& x) { return column(x, i); });
    figure.panels.push_back(std::move(panel));
  }
  figure.columns = static_cast<int>(std::min<size_t>(figure.panels.size(), 2));
  return figure;
}

Figure phase_figure(const FitModel& model, const Trajectories& data, const std::vector<Forecast>& lines) {
  if (data.test.d() == 1) return {.panels = {rate_panel(model, data)}, .columns = 1};
  Panel panel{.title = "held out", .x_label = data.test.columns[0], .y_label = data.test.columns[1]};
  draw_paths(
      panel, data, lines, [](const std::vector<double>&, const Tensor& x) { return column(x, 0); },
      [](const std::vector<double>&, const Tensor& x) { return column(x, 1); });
  if (data.test.d() == 2) draw_field(panel, model, span(data, 0), span(data, 1));
  return {.panels = {panel}, .columns = 1, .panel_width = 640, .panel_height = 560};
}

}  // namespace dimwise::app::ode
