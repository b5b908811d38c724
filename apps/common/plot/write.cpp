#include "apps/common/plot/write.hpp"

#include <algorithm>
#include <cmath>

namespace dimwise::app {
namespace {

constexpr double units_in_an_inch = 100;

template <class Picture>
std::vector<std::string> write_formats(const Picture& picture, const std::string& path,
                                       const FigureSettings& settings) {
  std::vector<std::string> paths;
  for (const Format format : settings.formats) {
    paths.push_back(path + "." + name(format));
    const Bytes file = file_of(picture, format, settings.dpi);
    try {
      write_atomically(paths.back(), file);
    } catch (const DataError& unwritable) {
      fail<Error>("figure", unwritable.what(), " Choose another folder or make room.");
    }
  }
  return paths;
}

}  // namespace

Bytes file_of(const Figure& figure, Format format, int64_t dpi) {
  Canvas canvas(format, figure.width(), figure.height(), static_cast<double>(dpi) / units_in_an_inch);
  draw(canvas, figure);
  return canvas.file();
}

Bytes file_of(const Raster& image, Format format, int64_t dpi) {
  constexpr int units = 2;  // in a pixel of the image
  const int width = units * image.width, height = units * image.height();
  const double pixels = std::max(1.0, std::round(static_cast<double>(dpi * units) / units_in_an_inch));
  Canvas canvas(format, width, height, pixels / units);
  canvas.image(image, 0, 0, width, height);
  return canvas.file();
}

std::vector<std::string> write_figure(const Figure& figure, const std::string& path, const FigureSettings& settings) {
  return write_formats(figure, path, settings);
}

std::vector<std::string> write_figure(const Raster& image, const std::string& path, const FigureSettings& settings) {
  return write_formats(image, path, settings);
}

}  // namespace dimwise::app
