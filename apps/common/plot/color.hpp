#pragma once

#include <cstdint>

namespace dimwise::app {

/// A color of sRGB.
struct Color {
  uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Color& other) const { return r == other.r && g == other.g && b == other.b; }
};

/// The color of text and axes.
inline constexpr Color ink{38, 38, 38};

/// Maps of [0, 1] to colors of linearly increasing lightness.
enum class Colormap { viridis, magma, gray };

/// The color of t, clamped to [0, 1]; NaN is mid-gray.
Color colormap(Colormap map, double t);

/// The i-th color for lines and points, which color-blind readers can distinguish; repeats after 8.
Color series_color(int i);

}  // namespace dimwise::app
