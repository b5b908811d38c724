#pragma once

#include "apps/common/plot/figure.hpp"
#include "apps/common/plot/ticks.hpp"

namespace dimwise::app {

/// The size of the font of labels.
inline constexpr double label_size = 13.5;

/// The position of a panel on the canvas: limits of the data, and the frame.
struct Axes {
  Limits x, y;
  bool log_x = false, log_y = false;
  int left = 0, top = 0, right = 0, bottom = 0;

  double px(double value) const;
  double py(double value) const;
};

/// The axes of a panel inside a rectangle of the canvas: limits from the data, margins for the labels.
Axes place_axes(const Panel& panel, int x0, int y0, int x1, int y1);

/// The marks of an axis, so many that their labels are apart.
Ticks x_ticks(const Axes& axes);
Ticks y_ticks(const Axes& axes);
/// Those of the color bar of a heat map that is so high.
Ticks bar_ticks(const HeatMap& map, int height);

/// The values of the first and the last color.
Limits color_range(const HeatMap& map);

/// The size of the font, at most `size`, in which a text is no longer than `room`.
double fitted_size(const std::string& words, double size, double room);

/// Grid, frame, ticks, labels and title. The rectangle is that of `place_axes`.
void draw_grid(Canvas& canvas, const Axes& axes);
void draw_frame(Canvas& canvas, const Axes& axes, const Panel& panel, int x0, int y0, int x1, int y1);

}  // namespace dimwise::app
