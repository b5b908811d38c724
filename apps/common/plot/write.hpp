#pragma once

#include <string>
#include <vector>

#include "apps/common/plot/figure.hpp"

namespace dimwise::app {

/// How figures are written.
struct FigureSettings {
  std::vector<Format> formats = {Format::png};
  int64_t dpi = 100;  ///< pixels of PNG in an inch
};

/// A figure as a file of a format.
Bytes file_of(const Figure& figure, Format format, int64_t dpi = 100);
/// An image as a file, with so many pixels of PNG for each of its own that these are about a fiftieth of an inch.
Bytes file_of(const Raster& image, Format format, int64_t dpi = 100);

/// Writes `path` with the ending of each format, whole or not at all, and returns these paths. Throws Error with the
/// reason when it cannot, and as `draw` does.
///
/// Example: `write_figure({{{.title = "loss", .lines = {{steps, losses, "train"}}}}}, run.figure("loss"), settings);`
std::vector<std::string> write_figure(const Figure& figure, const std::string& path, const FigureSettings& settings);
std::vector<std::string> write_figure(const Raster& image, const std::string& path, const FigureSettings& settings);

}  // namespace dimwise::app
