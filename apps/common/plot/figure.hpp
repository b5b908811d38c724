#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/common/plot/canvas.hpp"

namespace dimwise::app {

/// A curve through points; a NaN breaks it.
struct Line {
  std::vector<double> x = {}, y = {};
  std::string label = {};  ///< in the legend, if not empty
  bool dots = false;       ///< whether its points are marked
};

/// Dots.
struct Scatter {
  std::vector<double> x = {}, y = {};
  std::string label = {};
  double radius = 1.5;  ///< in pixels
  double alpha = 0.5;
};

/// A function on a rectangle, shown by colors.
struct HeatMap {
  std::vector<double> values = {};  ///< row by row, the first row at y0
  int columns = 0;                  ///< values in a row
  double x0 = 0, x1 = 1, y0 = 0, y1 = 1;
  Colormap map = Colormap::viridis;
  bool bar = true;  ///< whether a color bar shows the values
};

struct Limits {
  double low, high;
};

/// A pair of axes and its contents. Limits that are not given fit the data.
struct Panel {
  std::string title = {}, x_label = {}, y_label = {};
  std::vector<Line> lines = {};
  std::vector<Scatter> scatters = {};
  std::optional<HeatMap> heat_map = {};
  std::optional<Limits> x_limits = {}, y_limits = {};
  bool log_x = false, log_y = false;  ///< values that are not positive are omitted
  bool equal_scales = false;          ///< a unit of x is as long as one of y
};

/// Panels in rows, from the top left.
struct Figure {
  std::vector<Panel> panels = {};
  int columns = 3;  ///< panels in a row
  int panel_width = 520, panel_height = 420;
};

/// Draws a figure. Throws ValueError if the lengths of a panel's data differ.
///
/// Example: `write_png(render({{{.title = "loss", .lines = {{steps, losses, "train"}}}}}), run.figure("loss.png"));`
Canvas render(const Figure& figure);

/// The same on any surface of `figure_size`, in pixels.
void draw(Surface& surface, const Figure& figure);
struct FigureSize {
  int width, height;
};
FigureSize figure_size(const Figure& figure);

}  // namespace dimwise::app
