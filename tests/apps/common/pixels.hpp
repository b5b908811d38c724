#pragma once

#include <cairo/cairo.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "apps/common/plot/canvas.hpp"
#include "tests/catch.hpp"

namespace dimwise::app {

// A decoded PNG.
struct Pixels {
  int width = 0, height = 0;
  std::vector<Color> colors = {};

  Color at(int x, int y) const {
    return colors.at(static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x));
  }
  Color at(double x, double y) const { return at(static_cast<int>(x), static_cast<int>(y)); }
  int count(Color color) const { return static_cast<int>(std::count(colors.begin(), colors.end(), color)); }
};

inline Pixels decoded(BytesView png) {
  const auto next = [](void* rest, unsigned char* to, unsigned int length) {
    auto& bytes = *static_cast<BytesView*>(rest);
    if (length > bytes.size()) return CAIRO_STATUS_READ_ERROR;
    std::memcpy(to, bytes.data(), length);
    bytes = bytes.subspan(length);
    return CAIRO_STATUS_SUCCESS;
  };
  cairo_surface_t* image = cairo_image_surface_create_from_png_stream(next, &png);
  REQUIRE(cairo_surface_status(image) == CAIRO_STATUS_SUCCESS);
  REQUIRE(cairo_image_surface_get_format(image) == CAIRO_FORMAT_RGB24);
  Pixels pixels{cairo_image_surface_get_width(image), cairo_image_surface_get_height(image)};
  for (int y = 0; y < pixels.height; ++y)
    for (int x = 0; x < pixels.width; ++x) {
      uint32_t rgb = 0;
      std::memcpy(&rgb, cairo_image_surface_get_data(image) + y * cairo_image_surface_get_stride(image) + 4 * x, 4);
      pixels.colors.push_back(
          {static_cast<uint8_t>(rgb >> 16), static_cast<uint8_t>(rgb >> 8), static_cast<uint8_t>(rgb)});
    }
  cairo_surface_destroy(image);
  return pixels;
}

inline Pixels read_png(const std::string& path) { return decoded(read_file(path)); }

}  // namespace dimwise::app
