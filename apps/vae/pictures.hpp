#pragma once

#include <string>

#include "apps/common/plot/figure.hpp"
#include "autodiff/tensor.hpp"

namespace dimwise::app::vae {

/// Images side by side, dark on light: `images` of shape (n, height·width) with pixels from 0 to 1, `columns` in a row,
/// with a pixel of the grid for each of theirs.
Raster image_grid(const Tensor& images, int64_t height, int64_t width, int64_t columns);

/// Curves of metrics.jsonl: bounds of training and validation images over the epochs, their two parts, and for a
/// continuous flow the evaluations of its dynamics in each step.
Figure training_figure(const std::string& metrics);

}  // namespace dimwise::app::vae
