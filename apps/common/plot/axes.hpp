#pragma once

#include "apps/common/plot/figure.hpp"

namespace dimwise::app {

/// The size of labels, in pixels.
inline constexpr double label_size = 10;

/// The position of a panel on the canvas: limits of the data and the frame in pixels.
struct Axes {
  Limits x, y;
  bool log_x = false, log_y = false;
  int left = 0, top = 0, right = 0, bottom = 0;

  double px(double value) const;
  double py(double value) const;
};

/// The axes of a panel inside a rectangle of the canvas: limits from the data, margins for the labels.
Axes place_axes(const Panel& panel, int x0, int y0, int x1, int y1);

/// Grid, frame, ticks, labels and title.
void draw_grid(Surface& canvas, const Axes& axes);
void draw_frame(Surface& canvas, const Axes& axes, const Panel& panel);

}  // namespace dimwise::app
