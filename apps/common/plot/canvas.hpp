#pragma once

#include <string>
#include <vector>

#include "apps/common/plot/surface.hpp"

namespace dimwise::app {

/// A raster of colors to draw on, pixel (x, y) covering [x, x+1) × [y, y+1).
class Canvas : public Surface {
 public:
  Canvas(int width, int height, Color background = {255, 255, 255});

  int width() const { return width_; }
  int height() const { return height_; }
  /// Rows from top to bottom.
  const std::vector<Color>& pixels() const { return pixels_; }
  Color at(int x, int y) const { return pixels_[index(x, y)]; }

  void clip(int x0, int y0, int x1, int y1) override;
  void unclip() override { clip(0, 0, width_, height_); }

  /// Mixes a color into a pixel; outside the clip nothing happens.
  void blend(int x, int y, Color color, double alpha = 1);
  void fill(int x0, int y0, int x1, int y1, Color color, double alpha = 1) override;
  void line(double x0, double y0, double x1, double y1, Color color, double width = 1, double alpha = 1) override;
  void path(const std::vector<double>& x, const std::vector<double>& y, Color color, double width) override;
  void disc(double x, double y, double radius, Color color, double alpha = 1) override;
  void text(double x, double y, const std::string& words, double size, Color color, Align align = Align::start,
            bool upward = false) override;

 private:
  size_t index(int x, int y) const {
    return static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x);
  }

  int width_, height_;
  int clip_x0_ = 0, clip_y0_ = 0, clip_x1_, clip_y1_;
  std::vector<Color> pixels_;
};

/// Pixels that a text takes along its direction.
double text_width(const std::string& words, double size);

}  // namespace dimwise::app
