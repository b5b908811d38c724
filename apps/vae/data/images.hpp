#pragma once

#include <string>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "autodiff/tensor.hpp"

namespace dimwise::app::vae {

/// The source of the images, and their numbers.
struct ImageSettings {
  std::string data = "strokes";   ///< a name of `image_set_names`, or a file of images
  int64_t train_images = 0;       ///< number of training images, from the first; 0 for all
  int64_t validation_images = 0;  ///< the same for the validation set
  int64_t seed = 0;               ///< of the split of a file
};

/// Images with pixels from 0 to 1, row by row, in rows of height·width numbers, float32.
struct Images {
  std::string name;
  int64_t height = 0, width = 0;
  Tensor train;             ///< intensities
  Tensor validation, test;  ///< 0 or 1: drawn once from the intensities, independently of the seed
  std::string sha256 = {};  ///< of the user's file
};

/// The sets known by name: `strokes`, which needs no file, then those of `standard_files`.
const std::vector<std::string>& image_set_names();

/// The images of a set, in parts for training, validation and test.
///
/// - strokes: 4,000, 500 and 500 drawn by the program (`stroke_images`), always the same
/// - mnist: 50,000, the last 10,000 of the training file, 10,000
/// - omniglot: 23,000, the last 1,345 of the training file, 8,070
/// - caltech: 4,100, 2,264 and 2,307 silhouettes of 0 and 1
/// - a file (`load_image_file`): 80 %, 10 % and 10 %, drawn by the seed
///
/// Throws DataError with the paths that were tried and the command that fetches missing files, and for invalid images;
/// UsageError if a set has fewer images than requested.
///
/// Example: `load_images({.data = "mnist", .train_images = 1000})`
Images load_images(const ImageSettings& settings);

/// 0/1 images of the shape of x, each pixel 1 with its intensity as probability.
Tensor binarize(const Tensor& x, const Rng& rng);

}  // namespace dimwise::app::vae
