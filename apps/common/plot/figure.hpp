#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/common/plot/canvas.hpp"

namespace dimwise::app {

/// A curve through points; a NaN breaks it.
struct Line {
  std::vector<double> x = {}, y = {};
  std::string label = {};          ///< in the legend, if not empty
  bool dots = false;               ///< whether its points are marked, as a single one always is
  bool filled = false;             ///< whether the area between it and 0 is tinted
  std::vector<double> error = {};  ///< if not empty, the area of y ± error is tinted

  std::vector<double> lower() const;  ///< y − error
  std::vector<double> upper() const;  ///< y + error
};

/// Dots.
struct Scatter {
  std::vector<double> x = {}, y = {};
  std::string label = {};
  double radius = 1.5;  ///< in units of the figure
  double alpha = 0.5;
};

struct Limits {
  double low, high;
};

/// A function on a rectangle, shown by colors.
struct HeatMap {
  std::vector<double> values = {};  ///< row by row, the first row at y0
  int columns = 0;                  ///< values in a row
  double x0 = 0, x1 = 1, y0 = 0, y1 = 1;
  Colormap map = Colormap::viridis;
  std::optional<Limits> range = {};  ///< the values of the first and the last color; if not given, those of the map
  bool bar = true;                   ///< whether a color bar shows the values
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

/// Panels in rows, from the top left. The unit of length is a hundredth of an inch.
struct Figure {
  std::vector<Panel> panels = {};
  int columns = 3;  ///< panels in a row
  int panel_width = 520, panel_height = 420;

  int width() const;
  int height() const;
};

/// Draws a figure on a canvas of its size. Throws ValueError if the lengths of a panel's data differ.
void draw(Canvas& canvas, const Figure& figure);

/// Gives the heat maps of these panels one range of values, so that equal colors are equal values.
void share_range(std::vector<Panel>& panels);

/// The density of values in bins of equal width over an interval, as the outline of bars with a tinted area.
Line histogram(const std::vector<double>& values, const Limits& limits, const std::string& label);

}  // namespace dimwise::app
