#pragma once

#include <string>

#include "apps/common/plot/canvas.hpp"

namespace dimwise::app {

/// Writes a canvas as an 8-bit RGB PNG file. Throws Error with the reason when it cannot.
void write_png(const Canvas& canvas, const std::string& path);

}  // namespace dimwise::app
