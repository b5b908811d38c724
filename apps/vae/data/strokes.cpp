#include "apps/vae/data/strokes.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "autodiff/node.hpp"

namespace dimwise::app::vae {

namespace {

struct Point {
  double x = 0, y = 0;
};
using Stroke = std::vector<Point>;
using Glyph = std::vector<Stroke>;

// Points on the path of the pen, x to the right and y down, the body of the glyph within [-1, 1]².
const std::vector<Glyph>& glyphs() {
  static const std::vector<Glyph> all = {
      // a ring
      {{{0.1, -0.95}, {-0.6, -0.55}, {-0.7, 0.25}, {-0.15, 0.9}, {0.5, 0.65}, {0.7, -0.1}, {0.45, -0.75}, {0, -0.95}}},
      // two bows, as in S
      {{{0.6, -0.7}, {0, -0.95}, {-0.55, -0.55}, {0, -0.05}, {0.55, 0.4}, {0, 0.9}, {-0.6, 0.7}}},
      // an arc, a diagonal and a foot, as in 2
      {{{-0.6, -0.55}, {0, -0.95}, {0.55, -0.5}, {0.1, 0.2}, {-0.6, 0.85}}, {{-0.6, 0.85}, {0, 0.75}, {0.65, 0.85}}},
      // a hooked stem with a bar, as in t
      {{{0, -0.95}, {-0.05, -0.2}, {-0.02, 0.5}, {0.2, 0.9}, {0.55, 0.75}}, {{-0.6, -0.4}, {0, -0.45}, {0.6, -0.45}}},
      // a cup with a stem, as in u
      {{{-0.6, -0.6}, {-0.6, 0.3}, {-0.2, 0.85}, {0.35, 0.6}, {0.55, -0.6}}, {{0.55, -0.6}, {0.55, 0.3}, {0.8, 0.85}}},
      // a bowl and a tall stem, as in d
      {{{0.45, 0.05}, {-0.1, -0.15}, {-0.6, 0.35}, {-0.2, 0.9}, {0.45, 0.5}}, {{0.5, -1}, {0.48, 0}, {0.55, 0.9}}},
      // a tall stem and an arch, as in h
      {{{-0.55, -1}, {-0.57, 0}, {-0.55, 0.9}}, {{-0.55, 0.3}, {-0.1, -0.2}, {0.4, 0.05}, {0.5, 0.9}}},
      // a bar that curls round, as in e
      {{{-0.5, 0.05}, {0.1, 0}, {0.55, -0.2}, {0.1, -0.75}, {-0.5, -0.3}, {-0.5, 0.4}, {0, 0.85}, {0.6, 0.6}}},
      // two loops, as in 8
      {{{0.1, -0.05},
        {-0.45, -0.5},
        {0, -0.95},
        {0.45, -0.5},
        {0, 0},
        {-0.55, 0.45},
        {0, 0.95},
        {0.55, 0.5},
        {0.1, 0}}},
      // a fork with a tail, as in y
      {{{-0.6, -0.85}, {-0.45, -0.2}, {0, 0.05}}, {{0.6, -0.9}, {0.3, -0.1}, {-0.1, 0.6}, {-0.6, 0.9}}},
  };
  return all;
}

constexpr double half_side = 9.5;  // pixels from the middle to ±1
constexpr int pieces = 8;          // straight pieces between two points

// The map from a glyph's point to the image.
class Hand {
 public:
  explicit Hand(const Rng& rng) : jitter_(rng.split("jitter").normals(2 * most_points)) {
    const std::vector<double> n = rng.split("hand").normals(6);
    const auto limited = [](double value) { return std::clamp(value, -2.0, 2.0); };
    slant_ = -0.1 + 0.14 * limited(n[0]);
    turn_ = 0.08 * limited(n[1]);
    width_ = half_side * (0.95 + 0.1 * limited(n[2]));
    height_ = half_side * (0.95 + 0.08 * limited(n[3]));
    shift_ = {0.7 * limited(n[4]), 0.6 * limited(n[5])};
  }

  Point operator()(const Point& p) {
    const double x = p.x + jitter(), y = p.y + jitter();
    const double u = width_ * (x + slant_ * y), v = height_ * y;
    const double middle = 0.5 * static_cast<double>(stroke_side);
    return {middle + shift_.x + std::cos(turn_) * u - std::sin(turn_) * v,
            middle + shift_.y + std::sin(turn_) * u + std::cos(turn_) * v};
  }

 private:
  static constexpr int64_t most_points = 16;
  double jitter() { return 0.06 * jitter_[used_++ % jitter_.size()]; }

  std::vector<double> jitter_;
  size_t used_ = 0;
  double slant_, turn_, width_, height_;
  Point shift_;
};

// The Catmull-Rom curve through the points of a stroke.
Stroke smooth(const Stroke& through) {
  Stroke curve;
  const auto last = static_cast<int>(through.size()) - 1;
  const auto at = [&](int i) { return through[static_cast<size_t>(std::clamp(i, 0, last))]; };
  for (int i = 0; i < last; ++i)
    for (int k = 0; k < pieces; ++k) {
      const double t = static_cast<double>(k) / pieces, t2 = t * t, t3 = t2 * t;
      const double a = (-t3 + 2 * t2 - t) / 2, b = (3 * t3 - 5 * t2 + 2) / 2, c = (-3 * t3 + 4 * t2 + t) / 2,
                   d = (t3 - t2) / 2;
      const Point p = at(i - 1), q = at(i), r = at(i + 1), s = at(i + 2);
      curve.push_back({a * p.x + b * q.x + c * r.x + d * s.x, a * p.y + b * q.y + c * r.y + d * s.y});
    }
  curve.push_back(through.back());
  return curve;
}

// Adds the ink of a pen of a radius moved straight from a to b: full inside, fading over one pixel at its edge.
void draw(float* image, const Point& a, const Point& b, double radius) {
  const double reach = radius + 0.5, dx = b.x - a.x, dy = b.y - a.y, length2 = std::max(dx * dx + dy * dy, 1e-12);
  const auto low = [&](double p, double q) { return std::max<int64_t>(0, std::llround(std::min(p, q) - reach - 0.5)); };
  const auto high = [&](double p, double q) {
    return std::min<int64_t>(stroke_side - 1, std::llround(std::max(p, q) + reach - 0.5));
  };
  for (int64_t row = low(a.y, b.y); row <= high(a.y, b.y); ++row)
    for (int64_t column = low(a.x, b.x); column <= high(a.x, b.x); ++column) {
      const double px = static_cast<double>(column) + 0.5 - a.x, py = static_cast<double>(row) + 0.5 - a.y;
      const double t = std::clamp((px * dx + py * dy) / length2, 0.0, 1.0);
      const double qx = px - t * dx, qy = py - t * dy, away = std::sqrt(qx * qx + qy * qy);
      float& pixel = image[row * stroke_side + column];
      pixel = std::max(pixel, static_cast<float>(std::clamp(reach - away, 0.0, 1.0)));
    }
}

void draw_glyph(float* image, const Rng& rng) {
  const auto which = static_cast<size_t>(rng.split("glyph").integers(1, static_cast<int64_t>(glyphs().size()))[0]);
  const double radius = 0.85 + 0.4 * rng.split("pen").uniforms(1)[0];
  Hand hand(rng);
  for (const Stroke& stroke : glyphs()[which]) {
    Stroke points;
    for (const Point& p : stroke) points.push_back(hand(p));
    const Stroke curve = smooth(points);
    for (size_t i = 1; i < curve.size(); ++i) draw(image, curve[i - 1], curve[i], radius);
  }
}

}  // namespace

Tensor stroke_images(int64_t n, const Rng& rng) {
  constexpr int64_t pixels = stroke_side * stroke_side;
  Tensor images = empty({n, pixels}, DType::float32);
  float* image = mutable_data<float>(images);
  for (int64_t i = 0; i < n; ++i, image += pixels) {
    std::fill(image, image + pixels, 0.0F);
    draw_glyph(image, rng.split(static_cast<uint64_t>(i)));
    for (int64_t k = 0; k < pixels; ++k) image[k] = std::round(255 * image[k]) / 255;
  }
  return images;
}

}  // namespace dimwise::app::vae
