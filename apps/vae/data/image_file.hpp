#pragma once

#include <string>

#include "autodiff/tensor.hpp"

namespace dimwise::app::vae {

/// Gray images of an IDX (also gzipped) or NPY file: float32 (n, height, width), intensities from 0 to 1.
///
/// The file has shape (n, height, width), (n, 1, height, width) or (n, height, width, 1), or (n, s²) for rows of square
/// images. Pixels are uint8 or uint16, divided by the type's largest value; floats from 0 to 1; or, of any type, only 0
/// and 1, unchanged. Throws DataError for any other shape or pixel, naming the first, for fewer than 10 images, for
/// images of fewer than 2×2 pixels, and for integers so small that the images would be almost empty.
///
/// Example: `load_image_file("freyfaces-images-idx3-ubyte.gz")` has shape (1965, 28, 20).
Tensor load_image_file(const std::string& path);

}  // namespace dimwise::app::vae
