#pragma once

#include <string>

#include "apps/common/plot/figure.hpp"

namespace dimwise::app {

/// A figure as an SVG document. Throws ValueError for a heat map, which is a raster, and as `render` does.
std::string svg(const Figure& figure);

/// Writes it. Throws Error with the reason when it cannot.
void write_svg(const Figure& figure, const std::string& path);

}  // namespace dimwise::app
