#pragma once

#include <string>

#include "autodiff/rng.hpp"
#include "autodiff/tensor.hpp"

namespace dimwise::app::vae {

/// Which images, and how many of them.
struct ImageSettings {
  std::string data = "strokes";   ///< a built-in set, or a file of images
  int64_t train_images = 0;       ///< the first so many of the training set; 0 for all
  int64_t validation_images = 0;  ///< the same of the validation set
  int64_t seed = 0;               ///< of the split of a file
};

/// Images with pixels from 0 to 1, row by row, in rows of height·width numbers, float32.
struct Images {
  std::string name;
  int64_t height = 0, width = 0;
  Tensor train;             ///< intensities
  Tensor validation, test;  ///< 0 or 1: drawn once from their intensities, the same whatever the run's seed
};

/// Throws DataError telling the paths tried and how to fetch what is missing, and for what cannot be used.
Images load_images(const ImageSettings& settings);

/// 0/1 images of the shape of x, each pixel 1 with its intensity as probability.
Tensor binarize(const Tensor& x, const Rng& rng);

}  // namespace dimwise::app::vae
