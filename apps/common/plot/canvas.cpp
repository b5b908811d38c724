#include "apps/common/plot/canvas.hpp"

#include <algorithm>
#include <cmath>

#include "apps/common/plot/font.hpp"
#include "autodiff/base/error.hpp"

namespace dimwise::app {
namespace {

constexpr double gap = 2.3;  // cells between the strokes of two glyphs

int pixel(double x) { return static_cast<int>(std::floor(std::clamp(x, -1e6, 1e6))); }

}  // namespace

Canvas::Canvas(int width, int height, Color background)
    : width_(width), height_(height), clip_x1_(width), clip_y1_(height) {
  constexpr int largest = 1 << 14;
  if (width < 1 || height < 1 || width > largest || height > largest)
    fail<ValueError>("Canvas", "a picture of ", width, " x ", height, " pixels; each must be 1 to ", largest, ".");
  pixels_.assign(static_cast<size_t>(width) * static_cast<size_t>(height), background);
}

void Canvas::clip(int x0, int y0, int x1, int y1) {
  clip_x0_ = std::max(x0, 0);
  clip_y0_ = std::max(y0, 0);
  clip_x1_ = std::min(x1, width_);
  clip_y1_ = std::min(y1, height_);
}

void Canvas::blend(int x, int y, Color color, double alpha) {
  if (x < clip_x0_ || x >= clip_x1_ || y < clip_y0_ || y >= clip_y1_) return;
  Color& there = pixels_[index(x, y)];
  there = {mix(there.r, color.r, alpha), mix(there.g, color.g, alpha), mix(there.b, color.b, alpha)};
}

void Canvas::fill(int x0, int y0, int x1, int y1, Color color, double alpha) {
  for (int y = std::max(y0, clip_y0_); y < std::min(y1, clip_y1_); ++y)
    for (int x = std::max(x0, clip_x0_); x < std::min(x1, clip_x1_); ++x) blend(x, y, color, alpha);
}

// The coverage of a pixel follows from the distance between its center and the segment.
void Canvas::line(double x0, double y0, double x1, double y1, Color color, double width, double alpha) {
  if (!std::isfinite(x0 + y0 + x1 + y1)) return;
  const double dx = x1 - x0, dy = y1 - y0, length2 = dx * dx + dy * dy, reach = width / 2 + 1;
  const int first_y = std::max(pixel(std::min(y0, y1) - reach), clip_y0_);
  const int last_y = std::min(pixel(std::max(y0, y1) + reach), clip_y1_ - 1);
  for (int y = first_y; y <= last_y; ++y) {
    // Only the part of the segment that passes near this row.
    double from = 0, to = 1;
    if (std::abs(dy) > 1e-9) {
      const double a = (y + 0.5 - 2 * reach - y0) / dy, b = (y + 0.5 + 2 * reach - y0) / dy;
      from = std::clamp(std::min(a, b), 0.0, 1.0);
      to = std::clamp(std::max(a, b), 0.0, 1.0);
    }
    const double left = std::min(x0 + from * dx, x0 + to * dx), right = std::max(x0 + from * dx, x0 + to * dx);
    const int last_x = std::min(pixel(right + reach), clip_x1_ - 1);
    for (int x = std::max(pixel(left - reach), clip_x0_); x <= last_x; ++x) {
      const double px = x + 0.5 - x0, py = y + 0.5 - y0;
      const double t = length2 > 0 ? std::clamp((px * dx + py * dy) / length2, 0.0, 1.0) : 0;
      const double distance = std::hypot(px - t * dx, py - t * dy);
      const double cover = std::clamp(width / 2 + 0.5 - distance, 0.0, std::min(width, 1.0));
      if (cover > 0) blend(x, y, color, alpha * cover);
    }
  }
}

void Canvas::path(const std::vector<double>& x, const std::vector<double>& y, Color color, double width) {
  for (size_t i = 0; i + 1 < x.size(); ++i) line(x[i], y[i], x[i + 1], y[i + 1], color, width);
}

void Canvas::disc(double x, double y, double radius, Color color, double alpha) {
  line(x, y, x, y, color, 2 * radius, alpha);
}

// Neighboring dots of a glyph are joined by strokes, so that the small font can be drawn at any size. The strokes of a
// glyph are first merged to one coverage, so that overlaps are not darker.
void Canvas::text(double x, double y, const std::string& words, double size, Color color, Align align, bool upward) {
  const double cell = size / (glyph_height - 1), pen = std::max(1.0, 0.9 * cell), total = text_width(words, size);
  double at = align == Align::start ? 0 : align == Align::middle ? -total / 2 : -total;
  for (const char c : words) {
    const Glyph& dots = glyph(c);
    const GlyphSpan span = glyph_span(c);
    const auto lit = [&](int column, int row) {
      return column >= 0 && column < 5 && row >= 0 && row < 8 &&
             (dots[static_cast<size_t>(column)] >> static_cast<unsigned>(row) & 1U) != 0;
    };
    Canvas ink(static_cast<int>(std::ceil(7 * cell + 4)), static_cast<int>(std::ceil(10 * cell + 4)), {0, 0, 0});
    const double fraction_x = upward ? 0 : x + at - std::floor(x + at);
    const double ox = 1.5 + fraction_x - span.first * cell, oy = 1.5;
    const auto stroke = [&](int c0, int r0, int c1, int r1) {
      ink.line(ox + c0 * cell, oy + r0 * cell, ox + c1 * cell, oy + r1 * cell, {255, 255, 255}, pen);
    };
    for (int column = 0; column < 5; ++column) {
      for (int row = 0; row < 8; ++row) {
        if (!lit(column, row)) continue;
        stroke(column, row, column, row);
        if (lit(column + 1, row)) stroke(column, row, column + 1, row);
        if (lit(column, row + 1)) stroke(column, row, column, row + 1);
        const bool corner_down = lit(column + 1, row) || lit(column, row + 1);
        if (lit(column + 1, row + 1) && !corner_down) stroke(column, row, column + 1, row + 1);
        const bool corner_up = lit(column + 1, row) || lit(column, row - 1);
        if (lit(column + 1, row - 1) && !corner_up) stroke(column, row, column + 1, row - 1);
      }
    }
    const int along = pixel(upward ? at : x + at), middle = pixel(3 * cell + oy);
    for (int v = 0; v < ink.height(); ++v) {
      for (int u = 0; u < ink.width(); ++u) {
        const double cover = ink.at(u, v).r / 255.0;
        if (cover == 0) continue;
        if (upward)
          blend(pixel(x) + v - middle, pixel(y) - along - u, color, cover);
        else
          blend(along + u - 1, pixel(y) + v - middle, color, cover);
      }
    }
    at += (span.count - 1 + gap) * cell;
  }
}

double text_width(const std::string& words, double size) {
  const double cell = size / (glyph_height - 1);
  double cells = -gap;
  for (const char c : words) cells += glyph_span(c).count - 1 + gap;
  return std::max(cells, 0.0) * cell;
}

}  // namespace dimwise::app
