#pragma once

#include "autodiff/base/rng.hpp"
#include "autodiff/tensor.hpp"

namespace dimwise::app::vae {

/// Height and width of the images that `stroke_images` draws.
constexpr int64_t stroke_side = 28;

/// n small pen-drawn glyphs, float32 (n, 28·28): multiples of 1/255 from 0, paper, to 1, ink.
///
/// Each image is one of ten glyphs of one to three strokes, every stroke a smooth curve through jittered points, then
/// slanted, turned, scaled and shifted, and drawn by a pen of about two pixels. Image i depends on rng and i alone.
///
/// Example: `stroke_images(4000, Rng(7).split("train"))`
Tensor stroke_images(int64_t n, const Rng& rng);

}  // namespace dimwise::app::vae
