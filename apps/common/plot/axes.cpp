#include "apps/common/plot/axes.hpp"

#include <algorithm>
#include <cmath>

#include "apps/common/plot/ticks.hpp"

namespace dimwise::app {
namespace {

constexpr double title_size = 12;
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
  for (const auto& line : panel.lines) x.take(line.x, panel.log_x), y.take(line.y, panel.log_y);
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

Ticks x_ticks(const Axes& axes) {
  const int count = std::max(2, (axes.right - axes.left) / 80);
  return axes.log_x ? log_ticks(axes.x.low, axes.x.high, count) : linear_ticks(axes.x.low, axes.x.high, count);
}

Ticks y_ticks(const Axes& axes) {
  const int count = std::max(2, (axes.bottom - axes.top) / 55);
  return axes.log_y ? log_ticks(axes.y.low, axes.y.high, count) : linear_ticks(axes.y.low, axes.y.high, count);
}

// The position of a value along an axis, from 0 to 1.
double share(double value, const Limits& limits, bool log) {
  if (log) return std::log(value / limits.low) / std::log(limits.high / limits.low);
  return (value - limits.low) / (limits.high - limits.low);
}

}  // namespace

double Axes::px(double value) const { return left + share(value, x, log_x) * (right - left); }

double Axes::py(double value) const { return bottom - share(value, y, log_y) * (bottom - top); }

Axes place_axes(const Panel& panel, int x0, int y0, int x1, int y1) {
  Axes axes;
  axes.log_x = panel.log_x;
  axes.log_y = panel.log_y;
  fit_limits(axes, panel);
  axes.top = y0 + (panel.title.empty() ? 16 : 40);
  axes.bottom = y1 - (panel.x_label.empty() ? 34 : 58);
  axes.left = x0 + 16;
  double widest = 0;
  for (const auto& text : y_ticks(axes).labels) widest = std::max(widest, text_width(text, label_size));
  axes.left += static_cast<int>(widest) + (panel.y_label.empty() ? 12 : 36);
  axes.right = x1 - (panel.heat_map && panel.heat_map->bar ? 92 : 22);
  if (panel.equal_scales) equalize(axes);
  return axes;
}

void draw_grid(Surface& canvas, const Axes& axes) {
  for (const double x : x_ticks(axes).at) {
    const int at = static_cast<int>(std::lround(axes.px(x)));
    canvas.fill(at, axes.top, at + 1, axes.bottom, grid);
  }
  for (const double y : y_ticks(axes).at) {
    const int at = static_cast<int>(std::lround(axes.py(y)));
    canvas.fill(axes.left, at, axes.right, at + 1, grid);
  }
}

void draw_frame(Surface& canvas, const Axes& axes, const Panel& panel) {
  const double middle_x = (axes.left + axes.right) / 2.0, middle_y = (axes.top + axes.bottom) / 2.0;
  canvas.fill(axes.left - 1, axes.top - 1, axes.right + 1, axes.top, ink);
  canvas.fill(axes.left - 1, axes.bottom, axes.right + 1, axes.bottom + 1, ink);
  canvas.fill(axes.left - 1, axes.top, axes.left, axes.bottom, ink);
  canvas.fill(axes.right, axes.top, axes.right + 1, axes.bottom, ink);
  const Ticks horizontal = x_ticks(axes), vertical = y_ticks(axes);
  for (size_t i = 0; i < horizontal.at.size(); ++i) {
    const int at = static_cast<int>(std::lround(axes.px(horizontal.at[i])));
    canvas.fill(at, axes.bottom, at + 1, axes.bottom + 6, ink);
    canvas.text(at, axes.bottom + 17, horizontal.labels[i], label_size, ink, Align::middle);
  }
  for (size_t i = 0; i < vertical.at.size(); ++i) {
    const int at = static_cast<int>(std::lround(axes.py(vertical.at[i])));
    canvas.fill(axes.left - 6, at, axes.left, at + 1, ink);
    canvas.text(axes.left - 10, at, vertical.labels[i], label_size, ink, Align::end);
  }
  double widest = 0;
  for (const auto& text : vertical.labels) widest = std::max(widest, text_width(text, label_size));
  canvas.text(middle_x, axes.top - 20, panel.title, title_size, ink, Align::middle);
  canvas.text(middle_x, axes.bottom + 40, panel.x_label, label_size, ink, Align::middle);
  canvas.text(axes.left - 26 - widest, middle_y, panel.y_label, label_size, ink, Align::middle, true);
}

}  // namespace dimwise::app
