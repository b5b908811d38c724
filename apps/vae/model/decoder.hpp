#pragma once

#include <variant>
#include <vector>

#include "apps/vae/settings.hpp"
#include "nn/gated_conv.hpp"
#include "nn/mlp.hpp"

namespace dimwise::app::vae {

/// Six gated transposed convolutions and a convolution 1 × 1: (…, 64) → logits (…, 784). van den Berg et al.: Sylvester
/// Normalizing Flows (2018), appendix.
struct ConvDecoder {
  std::vector<GatedConvTranspose2d> layers;
  Conv2d last;

  Tensor operator()(const Tensor& z) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layers", self.layers);
    v("last", self.last);
  }
};

/// Computes the logits of the pixels of an image from z.
struct Decoder {
  std::variant<Mlp, ConvDecoder> kind;  ///< an Mlp of two hidden layers with ReLU, or convolutions

  Tensor operator()(const Tensor& z) const {
    return std::visit([&](const auto& decoder) { return decoder(z); }, kind);
  }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("", self.kind);
  }
};

Decoder make_decoder(const ModelSettings& settings, const Rng& rng);

}  // namespace dimwise::app::vae
