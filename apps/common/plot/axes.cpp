#include "apps/common/plot/axes.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace dimwise::app {
namespace {

constexpr double title_size = 16.5;
constexpr int edge = 6;        // between texts and the border of the panel
constexpr int tick_label = 9;  // between tick labels and the frame
constexpr Color grid{228, 230, 234};

class Extent {
 public:
  void take(const std::vector<double>& values, bool positive = false) {
    for (const double v : values)
      if (std::isfinite(v) && (!positive || v > 0)) low_ = std::min(low_, v), high_ = std::max(high_, v);
  }

  // Leaves a margin around the data, also around a single value.
  Limits padded(bool log) const {
    if (!(low_ <= high_)) return log ? Limits{0.1, 1} : Limits{0, 1};
    if (log) {
      const double factor = std::max(std::pow(high_ / low_, 0.05), 1.1);
      return {low_ / factor, high_ * factor};
    }
    const double pad = high_ > low_ ? 0.04 * (high_ - low_) : std::max(std::abs(low_) * 0.1, 0.5);
    return {low_ - pad, high_ + pad};
  }

 private:
  double low_ = INFINITY, high_ = -INFINITY;
};

void fit_limits(Axes& axes, const Panel& panel) {
  Extent x, y;
  for (const auto& line : panel.lines) {
    x.take(line.x, panel.log_x);
    y.take(line.lower(), panel.log_y);
    y.take(line.upper(), panel.log_y);
  }
  for (const auto& dots : panel.scatters) x.take(dots.x, panel.log_x), y.take(dots.y, panel.log_y);
  axes.x = x.padded(panel.log_x);
  axes.y = y.padded(panel.log_y);
  if (panel.heat_map) {
    axes.x = {panel.heat_map->x0, panel.heat_map->x1};
    axes.y = {panel.heat_map->y0, panel.heat_map->y1};
  }
  if (panel.x_limits) axes.x = *panel.x_limits;
  if (panel.y_limits) axes.y = *panel.y_limits;
}

// The longer side shrinks about its middle until both axes have one scale.
void equalize(Axes& axes) {
  const double x_scale = (axes.right - axes.left) / (axes.x.high - axes.x.low);
  const double y_scale = (axes.bottom - axes.top) / (axes.y.high - axes.y.low);
  const int spare_x =
      axes.right - axes.left - static_cast<int>((axes.x.high - axes.x.low) * std::min(x_scale, y_scale));
  const int spare_y =
      axes.bottom - axes.top - static_cast<int>((axes.y.high - axes.y.low) * std::min(x_scale, y_scale));
  axes.left += spare_x / 2;
  axes.right -= spare_x - spare_x / 2;
  axes.top += spare_y / 2;
  axes.bottom -= spare_y - spare_y / 2;
}

// Fewer and fewer marks, until their labels are apart. `position` is that of a value, `length` that of a label along
// the axis.
Ticks sparse(const Limits& limits, bool log, int count, const std::function<double(double)>& position,
             const std::function<double(const std::string&)>& length) {
  const auto apart = [&](const Ticks& ticks) {
    for (size_t i = 1; i < ticks.at.size(); ++i) {
      const double room = std::abs(position(ticks.at[i]) - position(ticks.at[i - 1]));
      if (room < (length(ticks.labels[i]) + length(ticks.labels[i - 1])) / 2 + edge) return false;
    }
    return true;
  };
  Ticks ticks;
  for (; count > 0; --count) {
    ticks = log ? log_ticks(limits.low, limits.high, count) : linear_ticks(limits.low, limits.high, count);
    if (apart(ticks)) return ticks;
  }
  ticks.at.resize(1);
  ticks.labels.resize(1);
  return ticks;
}

double label_width(const std::string& words) { return text_width(words, label_size); }

double widest(const Ticks& ticks) {
  double width = 0;
  for (const auto& words : ticks.labels) width = std::max(width, label_width(words));
  return width;
}

Ticks upward_ticks(const Limits& limits, bool log, int height, const std::function<double(double)>& position) {
  return sparse(limits, log, std::max(2, height / 55), position, [](const auto&) { return label_size; });
}

// A text whose middle is near `middle`, but which does not reach over the ends of the panel.
void draw_along(Canvas& canvas, const std::string& words, double size, double middle, double across, double low,
                double high, bool upward) {
  const double room = high - low - 2 * edge, own = fitted_size(words, size, room);
  const double half = text_width(words, own) / 2;
  const double at = std::clamp(middle, low + edge + half, std::max(high - edge - half, low + edge + half));
  canvas.text(upward ? across : at, upward ? at : across, words, own, ink, Align::middle, upward);
}

// The position of a value along an axis, from 0 to 1.
double share(double value, const Limits& limits, bool log) {
  if (log) return std::log(value / limits.low) / std::log(limits.high / limits.low);
  return (value - limits.low) / (limits.high - limits.low);
}

}  // namespace

double Axes::px(double value) const { return left + share(value, x, log_x) * (right - left); }

double Axes::py(double value) const { return bottom - share(value, y, log_y) * (bottom - top); }

Ticks x_ticks(const Axes& axes) {
  return sparse(
      axes.x, axes.log_x, std::max(2, (axes.right - axes.left) / 80), [&](double x) { return axes.px(x); },
      label_width);
}

Ticks y_ticks(const Axes& axes) {
  return upward_ticks(axes.y, axes.log_y, axes.bottom - axes.top, [&](double y) { return axes.py(y); });
}

Ticks bar_ticks(const HeatMap& map, int height) {
  const Limits range = color_range(map);
  return upward_ticks(range, false, height, [&](double v) { return share(v, range, false) * height; });
}

Limits color_range(const HeatMap& map) {
  if (map.range) return *map.range;
  double low = INFINITY, high = -INFINITY;
  for (const double v : map.values)
    if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  if (!(low <= high)) return {0, 1};
  return {low, high > low ? high : low + 1};
}

double fitted_size(const std::string& words, double size, double room) {
  return size * std::min(1.0, room / std::max(text_width(words, size), 1e-9));
}

Axes place_axes(const Panel& panel, int x0, int y0, int x1, int y1) {
  Axes axes;
  axes.log_x = panel.log_x;
  axes.log_y = panel.log_y;
  fit_limits(axes, panel);
  axes.top = y0 + (panel.title.empty() ? 16 : 40);
  axes.bottom = y1 - (panel.x_label.empty() ? 34 : 58);
  axes.left = x0 + edge + tick_label + static_cast<int>(widest(y_ticks(axes))) + (panel.y_label.empty() ? edge : 28);
  axes.right = x1 - 22;
  if (panel.heat_map && panel.heat_map->bar)
    axes.right = x1 - edge - 42 - static_cast<int>(widest(bar_ticks(*panel.heat_map, axes.bottom - axes.top)));
  // The first and the last label of x, which may be at the ends of the axis.
  const int half = edge + static_cast<int>(widest(x_ticks(axes)) / 2);
  axes.left = std::max(axes.left, x0 + half);
  axes.right = std::min(axes.right, x1 - half);
  if (panel.equal_scales) equalize(axes);
  return axes;
}

void draw_grid(Canvas& canvas, const Axes& axes) {
  for (const double x : x_ticks(axes).at) {
    const double at = std::round(axes.px(x));
    canvas.fill(at, axes.top, at + 1, axes.bottom, grid);
  }
  for (const double y : y_ticks(axes).at) {
    const double at = std::round(axes.py(y));
    canvas.fill(axes.left, at, axes.right, at + 1, grid);
  }
}

void draw_frame(Canvas& canvas, const Axes& axes, const Panel& panel, int x0, int y0, int x1, int y1) {
  canvas.frame(axes.left, axes.top, axes.right, axes.bottom, ink);
  const Ticks horizontal = x_ticks(axes), vertical = y_ticks(axes);
  for (size_t i = 0; i < horizontal.at.size(); ++i) {
    const double at = std::round(axes.px(horizontal.at[i]));
    canvas.fill(at, axes.bottom, at + 1, axes.bottom + 5, ink);
    canvas.text(at + 0.5, axes.bottom + 15, horizontal.labels[i], label_size, ink, Align::middle);
  }
  for (size_t i = 0; i < vertical.at.size(); ++i) {
    const double at = std::round(axes.py(vertical.at[i]));
    canvas.fill(axes.left - 5, at, axes.left, at + 1, ink);
    canvas.text(axes.left - tick_label, at + 0.5, vertical.labels[i], label_size, ink, Align::end);
  }
  const double middle_x = (axes.left + axes.right) / 2.0, middle_y = (axes.top + axes.bottom) / 2.0;
  draw_along(canvas, panel.title, title_size, middle_x, axes.top - 20, x0, x1, false);
  draw_along(canvas, panel.x_label, label_size, middle_x, axes.bottom + 38, x0, x1, false);
  draw_along(canvas, panel.y_label, label_size, middle_y, axes.left - tick_label - widest(vertical) - 16, y0, y1, true);
}

}  // namespace dimwise::app
