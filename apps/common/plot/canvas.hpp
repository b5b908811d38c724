#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/common/plot/color.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise::app {

/// The file formats of pictures.
enum class Format { png, svg, pdf };
const char* name(Format format);
const std::vector<Format>& picture_formats();

/// Pixels, row by row from the top.
struct Raster {
  int width = 0;
  std::vector<Color> pixels = {};

  int height() const { return static_cast<int>(pixels.size()) / width; }
};

enum class Align { start, middle, end };

/// A white page on which pictures of all formats are drawn. Coordinates are from the top left corner, in hundredths of
/// an inch.
class Canvas {
 public:
  /// PNG has `scale` pixels in a unit. Throws ValueError if the page is empty or too large.
  Canvas(Format format, int width, int height, double scale = 1);
  ~Canvas();

  /// Ends the page and gives its file. The same drawing gives the same bytes.
  Bytes file();

  /// Restricts drawing to a rectangle, until `unclip`.
  void clip(double x0, double y0, double x1, double y1);
  void unclip();

  void fill(double x0, double y0, double x1, double y1, Color color, double alpha = 1);
  /// A line of width 1 around a rectangle.
  void frame(double x0, double y0, double x1, double y1, Color color);
  void line(double x0, double y0, double x1, double y1, Color color, double width = 1);
  /// Lines from point to point; one that is not finite breaks them.
  void path(const std::vector<double>& x, const std::vector<double>& y, Color color, double width);
  /// The area between the lines of `path` through y and those through `base`.
  void area(const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& base, Color color,
            double alpha);
  void disc(double x, double y, double radius, Color color, double alpha = 1);
  /// Pixels as rectangles of one color each.
  void image(const Raster& raster, double x0, double y0, double x1, double y1);
  /// UTF-8 text around (x, y): horizontally by `align`, vertically with the middle of the capitals at y. With `upward`
  /// it runs from bottom to top. `size` is that of the font, about 1.4 times the height of a capital.
  void text(double x, double y, const std::string& words, double size, Color color, Align align = Align::start,
            bool upward = false);

 private:
  struct Page;
  std::unique_ptr<Page> page_;
};

/// The length of a text along its direction.
double text_width(const std::string& words, double size);

}  // namespace dimwise::app
