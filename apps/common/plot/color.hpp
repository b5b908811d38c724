#pragma once

#include <cstdint>

namespace dimwise::app {

/// A colour of sRGB.
struct Color {
  uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Color& other) const { return r == other.r && g == other.g && b == other.b; }
};

/// Maps of [0, 1] to colours whose lightness grows evenly.
enum class Colormap { viridis, magma, gray };

/// The colour of t, clamped to [0, 1]; NaN is mid-grey.
Color colormap(Colormap map, double t);

/// The i-th colour for lines and points, told apart by the colour-blind too; repeats after 8.
Color series_color(int i);

}  // namespace dimwise::app
