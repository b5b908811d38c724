#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace dimwise::app {

/// A glyph of 5 columns, left to right; bit 0 is the top row, bit 6 the base line, bit 7 below it.
using Glyph = std::array<uint8_t, 5>;

/// Rows of a capital letter.
inline constexpr int glyph_height = 7;

/// The glyph of a printable ASCII character; that of '?' for any other.
const Glyph& glyph(char c);

/// The columns a glyph fills: from `first`, `count` of them. Digits have the same width, so that numbers align.
struct GlyphSpan {
  int first, count;
};
GlyphSpan glyph_span(char c);

}  // namespace dimwise::app
