#pragma once

#include "nn/conv.hpp"

namespace dimwise {

/// y = conv_value(x) ⊙ sigmoid(conv_gate(x)): two convolutions of equal shape, one of which gates the other.
///
/// Dauphin, Fan, Auli, Grangier: Language Modeling with Gated Convolutional Networks (2017).
///
/// Example: `GatedConv2d layer(1, 32, 5, rng.split("layer"), {.stride = 2, .padding = 2}); Tensor y = layer(images);`
struct GatedConv2d {
  Conv2d value, gate;

  GatedConv2d() = default;
  GatedConv2d(int64_t in, int64_t out, const Size2d& kernel, const Rng& rng, const Conv2dOptions& options = {},
              DType dtype = DType::float32);

  /// Shapes as Conv2d. Throws ShapeError.
  Tensor operator()(const Tensor& x) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("value", self.value);
    v("gate", self.gate);
  }
};

/// The same with transposed convolutions.
///
/// Example: `GatedConvTranspose2d layer(64, 32, 5, rng, {.stride = 2, .padding = 2, .output_padding = 1});`
struct GatedConvTranspose2d {
  ConvTranspose2d value, gate;

  GatedConvTranspose2d() = default;
  GatedConvTranspose2d(int64_t in, int64_t out, const Size2d& kernel, const Rng& rng,
                       const ConvTranspose2dOptions& options = {}, DType dtype = DType::float32);

  /// Shapes as ConvTranspose2d. Throws ShapeError.
  Tensor operator()(const Tensor& x) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("value", self.value);
    v("gate", self.gate);
  }
};

}  // namespace dimwise
