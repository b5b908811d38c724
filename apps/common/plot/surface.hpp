#pragma once

#include <string>
#include <vector>

#include "apps/common/plot/color.hpp"

namespace dimwise::app {

enum class Align { start, middle, end };

/// What figures are drawn on, a raster or SVG. Coordinates are pixels from the top left corner.
class Surface {
 public:
  virtual ~Surface() = default;

  /// Restricts drawing to a rectangle; pixels outside do not change.
  virtual void clip(int x0, int y0, int x1, int y1) = 0;
  virtual void unclip() = 0;

  virtual void fill(int x0, int y0, int x1, int y1, Color color, double alpha = 1) = 0;
  virtual void line(double x0, double y0, double x1, double y1, Color color, double width = 1, double alpha = 1) = 0;
  /// Lines from point to point; one that is not finite breaks them.
  virtual void path(const std::vector<double>& x, const std::vector<double>& y, Color color, double width) = 0;
  virtual void disc(double x, double y, double radius, Color color, double alpha = 1) = 0;
  /// Text in printable ASCII whose capitals are `size` pixels high, around (x, y): horizontally by `align`, vertically
  /// with the middle of the capitals at y. With `upward` it runs from bottom to top.
  virtual void text(double x, double y, const std::string& words, double size, Color color, Align align = Align::start,
                    bool upward = false) = 0;
};

}  // namespace dimwise::app
