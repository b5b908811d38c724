#include "apps/common/plot/figure.hpp"

#include <algorithm>
#include <cmath>

#include "apps/common/plot/axes.hpp"
#include "apps/common/plot/ticks.hpp"
#include "autodiff/base/error.hpp"

namespace dimwise::app {
namespace {

constexpr Color white{255, 255, 255}, faint{190, 194, 200};

void check(const Panel& panel) {
  const auto same = [&](const auto& series) {
    if (series.x.size() != series.y.size())
      fail<ValueError>("figure", "a series of \"", panel.title, "\" has ", series.x.size(), " x and ", series.y.size(),
                       " y. Give as many of each.");
  };
  for (const auto& line : panel.lines) same(line);
  for (const auto& dots : panel.scatters) same(dots);
  const auto rises = [&](const char* axis, Limits limits) {
    if (!(limits.low < limits.high) || !std::isfinite(limits.high - limits.low))
      fail<ValueError>("figure", "the ", axis, " limits of \"", panel.title, "\" are ", limits.low, " and ",
                       limits.high, ". Give a finite interval, the lower end first.");
  };
  if (panel.x_limits) rises("x", *panel.x_limits);
  if (panel.y_limits) rises("y", *panel.y_limits);
  const auto positive = [&](const std::optional<Limits>& limits) {
    if (limits && limits->low <= 0)
      fail<ValueError>("figure", "a logarithmic axis of \"", panel.title, "\" from ", limits->low, ". Begin above 0.");
  };
  if (panel.log_x) positive(panel.x_limits);
  if (panel.log_y) positive(panel.y_limits);
  if (!panel.heat_map) return;
  rises("x", {panel.heat_map->x0, panel.heat_map->x1});
  rises("y", {panel.heat_map->y0, panel.heat_map->y1});
  const auto columns = static_cast<size_t>(std::max(panel.heat_map->columns, 0));
  if (columns == 0 || panel.heat_map->values.empty() || panel.heat_map->values.size() % columns != 0)
    fail<ValueError>("figure", "the density of \"", panel.title, "\" has ", panel.heat_map->values.size(),
                     " values, which is not a multiple of ", columns, ".");
}

Limits value_range(const HeatMap& density) {
  double low = INFINITY, high = -INFINITY;
  for (const double v : density.values)
    if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  if (!(low <= high)) return {0, 1};
  return {low, high > low ? high : low + 1};
}

// Interpolates between the values of the neighboring cells.
void draw_density(Surface& canvas, const Axes& axes, const HeatMap& density) {
  const int columns = density.columns, rows = static_cast<int>(density.values.size()) / columns;
  const Limits range = value_range(density);
  const auto cell = [&](int row, int column) {
    row = std::clamp(row, 0, rows - 1);
    column = std::clamp(column, 0, columns - 1);
    return density.values[static_cast<size_t>(row) * static_cast<size_t>(columns) + static_cast<size_t>(column)];
  };
  for (int v = axes.top; v < axes.bottom; ++v) {
    for (int u = axes.left; u < axes.right; ++u) {
      const double x = axes.x.low + (u + 0.5 - axes.left) / (axes.right - axes.left) * (axes.x.high - axes.x.low);
      const double y = axes.y.low + (axes.bottom - v - 0.5) / (axes.bottom - axes.top) * (axes.y.high - axes.y.low);
      const double a = (x - density.x0) / (density.x1 - density.x0) * columns - 0.5;
      const double b = (y - density.y0) / (density.y1 - density.y0) * rows - 0.5;
      if (a < -0.5 || b < -0.5 || a > columns - 0.5 || b > rows - 0.5) continue;
      const int i = static_cast<int>(std::floor(a)), j = static_cast<int>(std::floor(b));
      const double s = a - i, t = b - j;
      const double value = (1 - t) * ((1 - s) * cell(j, i) + s * cell(j, i + 1)) +
                           t * ((1 - s) * cell(j + 1, i) + s * cell(j + 1, i + 1));
      canvas.fill(u, v, u + 1, v + 1, colormap(density.map, (value - range.low) / (range.high - range.low)));
    }
  }
}

void draw_bar(Surface& canvas, const Axes& axes, const HeatMap& density) {
  const int left = axes.right + 14, right = left + 14;
  const double height = axes.bottom - axes.top;
  canvas.fill(left - 1, axes.top - 1, right + 1, axes.bottom + 1, ink);
  for (int v = axes.top; v < axes.bottom; ++v)
    canvas.fill(left, v, right, v + 1, colormap(density.map, (axes.bottom - v - 0.5) / height));
  const Limits range = value_range(density);
  const Ticks ticks = linear_ticks(range.low, range.high, static_cast<int>(height / 55));
  for (size_t i = 0; i < ticks.at.size(); ++i) {
    const double part = (ticks.at[i] - range.low) / (range.high - range.low);
    const int at = static_cast<int>(std::lround(axes.bottom - part * height));
    canvas.fill(right + 1, at, right + 5, at + 1, ink);
    canvas.text(right + 9, at, ticks.labels[i], label_size, ink);
  }
}

void draw_line(Surface& canvas, const Axes& axes, const Line& line, Color color) {
  std::vector<double> u, v;
  for (const double x : line.x) u.push_back(axes.px(x));
  for (const double y : line.y) v.push_back(axes.py(y));
  canvas.path(u, v, color, 2);
  for (size_t i = 0; line.dots && i < u.size(); ++i) canvas.disc(u[i], v[i], 3.5, color);
}

void draw_dots(Surface& canvas, const Axes& axes, const Scatter& dots, Color color) {
  for (size_t i = 0; i < dots.x.size(); ++i)
    canvas.disc(axes.px(dots.x[i]), axes.py(dots.y[i]), dots.radius, color, dots.alpha);
}

struct Entry {
  std::string label;
  Color color;
  bool dot;
};

// In the corner with the fewest points of the panel.
void draw_legend(Surface& canvas, const Axes& axes, const Panel& panel, const std::vector<Entry>& entries) {
  if (entries.empty()) return;
  double widest = 0;
  for (const auto& entry : entries) widest = std::max(widest, text_width(entry.label, label_size));
  const int width = static_cast<int>(widest) + 50, height = static_cast<int>(entries.size()) * 20 + 10, gap = 10;
  int best_left = 0, best_top = 0;
  size_t least = SIZE_MAX;
  for (int corner = 0; corner < 4; ++corner) {
    const int left = corner % 2 == 0 ? axes.right - gap - width : axes.left + gap;
    const int top = corner < 2 ? axes.top + gap : axes.bottom - gap - height;
    size_t hidden = 0;
    const auto count = [&](double u, double v) {
      hidden += u > left - gap && u < left + width + gap && v > top - gap && v < top + height + gap;
    };
    for (const auto& dots : panel.scatters)
      for (size_t i = 0; i < dots.x.size(); ++i) count(axes.px(dots.x[i]), axes.py(dots.y[i]));
    for (const auto& line : panel.lines)
      for (size_t i = 0; i < line.x.size(); ++i) {
        const size_t next = std::min(i + 1, line.x.size() - 1);
        const double u0 = axes.px(line.x[i]), v0 = axes.py(line.y[i]);
        const double u1 = axes.px(line.x[next]), v1 = axes.py(line.y[next]);
        for (double part = 0; part < 1; part += 0.125) count(u0 + part * (u1 - u0), v0 + part * (v1 - v0));
      }
    if (hidden >= least) continue;
    least = hidden;
    best_left = left;
    best_top = top;
  }
  canvas.fill(best_left, best_top, best_left + width, best_top + height, faint);
  canvas.fill(best_left + 1, best_top + 1, best_left + width - 1, best_top + height - 1, white);
  for (size_t i = 0; i < entries.size(); ++i) {
    const double y = best_top + 15.0 + 20.0 * static_cast<double>(i);
    if (entries[i].dot)
      canvas.disc(best_left + 20, y, 4, entries[i].color);
    else
      canvas.line(best_left + 10, y, best_left + 30, y, entries[i].color, 2.5);
    canvas.text(best_left + 40, y, entries[i].label, label_size, ink);
  }
}

void draw_panel(Surface& canvas, const Panel& panel, int x0, int y0, int x1, int y1) {
  check(panel);
  const Axes axes = place_axes(panel, x0, y0, x1, y1);
  std::vector<Entry> legend;
  int series = 0;
  canvas.clip(axes.left, axes.top, axes.right, axes.bottom);
  if (panel.heat_map)
    draw_density(canvas, axes, *panel.heat_map);
  else
    draw_grid(canvas, axes);
  for (const auto& dots : panel.scatters) {
    const Color color = panel.heat_map ? white : series_color(series++);
    draw_dots(canvas, axes, dots, color);
    if (!dots.label.empty()) legend.push_back({dots.label, color, true});
  }
  for (const auto& line : panel.lines) {
    const Color color = series_color(series++);
    draw_line(canvas, axes, line, color);
    if (!line.label.empty()) legend.push_back({line.label, color, false});
  }
  draw_legend(canvas, axes, panel, legend);
  canvas.unclip();
  draw_frame(canvas, axes, panel);
  if (panel.heat_map && panel.heat_map->bar) draw_bar(canvas, axes, *panel.heat_map);
}

struct Layout {
  int columns, rows;
};
Layout layout(const Figure& figure) {
  const int count = static_cast<int>(figure.panels.size());
  const int columns = std::clamp(figure.columns, 1, std::max(count, 1));
  return {columns, std::max(1, (count + columns - 1) / columns)};
}

}  // namespace

FigureSize figure_size(const Figure& figure) {
  const auto [columns, rows] = layout(figure);
  return {columns * figure.panel_width, rows * figure.panel_height};
}

void draw(Surface& surface, const Figure& figure) {
  const int columns = layout(figure).columns;
  for (int i = 0; i < static_cast<int>(figure.panels.size()); ++i) {
    const int x = i % columns * figure.panel_width, y = i / columns * figure.panel_height;
    draw_panel(surface, figure.panels[static_cast<size_t>(i)], x, y, x + figure.panel_width, y + figure.panel_height);
  }
}

Canvas render(const Figure& figure) {
  const auto [width, height] = figure_size(figure);
  Canvas canvas(width, height);
  draw(canvas, figure);
  return canvas;
}

}  // namespace dimwise::app
