#include "apps/common/plot/png.hpp"

#include <png.h>

#include <cerrno>
#include <cstring>

#include "autodiff/base/error.hpp"

namespace dimwise::app {

void write_png(const Canvas& canvas, const std::string& path) {
  static_assert(sizeof(Color) == 3);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(canvas.width());
  image.height = static_cast<png_uint_32>(canvas.height());
  image.format = PNG_FORMAT_RGB;
  if (png_image_write_to_file(&image, path.c_str(), 0, canvas.pixels().data(), 0, nullptr) == 0)
    fail<Error>("png", "cannot write ", path, ": ", image.message, ". Choose another folder or make room.");
}

}  // namespace dimwise::app
