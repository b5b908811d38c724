#include "apps/common/plot/figure.hpp"

#include <algorithm>
#include <cmath>

#include "apps/common/plot/axes.hpp"
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
  for (const auto& line : panel.lines) {
    same(line);
    if (!line.error.empty() && line.error.size() != line.y.size())
      fail<ValueError>("figure", "a line of \"", panel.title, "\" has ", line.error.size(), " errors and ",
                       line.y.size(), " y. Give as many of each.");
  }
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
  if (panel.heat_map->range) rises("color", *panel.heat_map->range);
  const auto columns = static_cast<size_t>(std::max(panel.heat_map->columns, 0));
  if (columns == 0 || panel.heat_map->values.empty() || panel.heat_map->values.size() % columns != 0)
    fail<ValueError>("figure", "the density of \"", panel.title, "\" has ", panel.heat_map->values.size(),
                     " values, which is not a multiple of ", columns, ".");
}

void draw_density(Canvas& canvas, const Axes& axes, const HeatMap& density) {
  const Limits range = color_range(density);
  const auto columns = static_cast<std::ptrdiff_t>(density.columns);
  Raster raster{.width = density.columns};
  for (auto row = density.values.end(); row != density.values.begin(); row -= columns)
    for (auto value = row - columns; value != row; ++value)
      raster.pixels.push_back(colormap(density.map, (*value - range.low) / (range.high - range.low)));
  canvas.image(raster, axes.px(density.x0), axes.py(density.y1), axes.px(density.x1), axes.py(density.y0));
}

void draw_bar(Canvas& canvas, const Axes& axes, const HeatMap& density) {
  const int left = axes.right + 14, right = left + 14, height = axes.bottom - axes.top;
  Raster colors{.width = 1};
  for (int v = height; v-- > 0;) colors.pixels.push_back(colormap(density.map, (v + 0.5) / height));
  canvas.image(colors, left, axes.top, right, axes.bottom);
  canvas.frame(left, axes.top, right, axes.bottom, ink);
  const Limits range = color_range(density);
  const Ticks ticks = bar_ticks(density, height);
  for (size_t i = 0; i < ticks.at.size(); ++i) {
    const double at = std::round(axes.bottom - (ticks.at[i] - range.low) / (range.high - range.low) * height);
    canvas.fill(right, at, right + 5, at + 1, ink);
    canvas.text(right + 9, at + 0.5, ticks.labels[i], label_size, ink);
  }
}

void draw_line(Canvas& canvas, const Axes& axes, const Line& line, Color color) {
  std::vector<double> u, v;
  for (const double x : line.x) u.push_back(axes.px(x));
  for (const double y : line.y) v.push_back(axes.py(y));
  if (line.filled) canvas.area(u, v, std::vector<double>(v.size(), axes.log_y ? axes.bottom : axes.py(0)), color, 0.25);
  if (!line.error.empty()) {
    std::vector<double> low, high;
    for (const double y : line.lower()) low.push_back(axes.py(y));
    for (const double y : line.upper()) high.push_back(axes.py(y));
    canvas.area(u, high, low, color, 0.2);
  }
  canvas.path(u, v, color, 2);
  for (size_t i = 0; (line.dots || u.size() == 1) && i < u.size(); ++i) canvas.disc(u[i], v[i], 3.5, color);
}

void draw_dots(Canvas& canvas, const Axes& axes, const Scatter& dots, Color color) {
  for (size_t i = 0; i < dots.x.size(); ++i)
    canvas.disc(axes.px(dots.x[i]), axes.py(dots.y[i]), dots.radius, color, dots.alpha);
}

struct Entry {
  std::string label;
  Color color;
  bool dot;
};

// At the corner or the edge with the fewest points of the panel.
void draw_legend(Canvas& canvas, const Axes& axes, const Panel& panel, const std::vector<Entry>& entries) {
  if (entries.empty()) return;
  constexpr int gap = 10, key = 40, row = 20;
  const auto n = static_cast<int>(entries.size());
  const double room = axes.right - axes.left - 3 * gap - key;
  const double scale = std::min(1.0, static_cast<double>(axes.bottom - axes.top - 3 * gap) / (n * row));
  const auto size = [&](const Entry& entry) { return fitted_size(entry.label, scale * label_size, room); };
  double widest = 0;
  for (const auto& entry : entries) widest = std::max(widest, text_width(entry.label, size(entry)));
  const double width = std::ceil(widest) + key + gap, height = std::ceil(n * row * scale) + gap;
  double best_left = 0, best_top = 0;
  size_t least = SIZE_MAX;
  for (const double down : {0.0, 1.0, 0.5})
    for (const double along : {1.0, 0.0, 0.5}) {
      const double left = axes.left + gap + std::round(along * (axes.right - axes.left - 2 * gap - width));
      const double top = axes.top + gap + std::round(down * (axes.bottom - axes.top - 2 * gap - height));
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
  canvas.fill(best_left, best_top, best_left + width, best_top + height, white, 0.85);
  canvas.frame(best_left, best_top, best_left + width, best_top + height, faint);
  for (int i = 0; i < n; ++i) {
    const Entry& entry = entries[static_cast<size_t>(i)];
    const double y = best_top + gap / 2.0 + (i + 0.5) * row * scale;
    if (entry.dot)
      canvas.disc(best_left + 20, y, 4, entry.color);
    else
      canvas.line(best_left + 10, y, best_left + 30, y, entry.color, 2.5);
    canvas.text(best_left + key, y, entry.label, size(entry), ink);
  }
}

void draw_panel(Canvas& canvas, const Panel& panel, int x0, int y0, int x1, int y1) {
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
  draw_frame(canvas, axes, panel, x0, y0, x1, y1);
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

int Figure::width() const { return layout(*this).columns * panel_width; }

int Figure::height() const { return layout(*this).rows * panel_height; }

void draw(Canvas& canvas, const Figure& figure) {
  const int columns = layout(figure).columns;
  for (int i = 0; i < static_cast<int>(figure.panels.size()); ++i) {
    const int x = i % columns * figure.panel_width, y = i / columns * figure.panel_height;
    draw_panel(canvas, figure.panels[static_cast<size_t>(i)], x, y, x + figure.panel_width, y + figure.panel_height);
  }
}

void share_range(std::vector<Panel>& panels) {
  Limits all{INFINITY, -INFINITY};
  for (const Panel& panel : panels)
    if (panel.heat_map) {
      const Limits own = color_range(*panel.heat_map);
      all = {std::min(all.low, own.low), std::max(all.high, own.high)};
    }
  for (Panel& panel : panels)
    if (panel.heat_map) panel.heat_map->range = all;
}

std::vector<double> Line::lower() const {
  std::vector<double> low = y;
  for (size_t i = 0; i < error.size(); ++i) low[i] -= error[i];
  return low;
}

std::vector<double> Line::upper() const {
  std::vector<double> high = y;
  for (size_t i = 0; i < error.size(); ++i) high[i] += error[i];
  return high;
}

Line histogram(const std::vector<double>& values, const Limits& limits, const std::string& label) {
  constexpr int bins = 30;
  std::vector<double> count(bins);
  const double width = (limits.high - limits.low) / bins;
  for (const double v : values)
    if (v >= limits.low && v < limits.high)
      ++count[std::min<size_t>(bins - 1, static_cast<size_t>((v - limits.low) / width))];
  Line line{.label = label, .filled = true};
  for (int b = 0; b < bins; ++b)
    for (int side = 0; side < 2; ++side) {
      line.x.push_back(limits.low + width * (b + side));
      line.y.push_back(count[static_cast<size_t>(b)] / (static_cast<double>(values.size()) * width));
    }
  return line;
}

}  // namespace dimwise::app
