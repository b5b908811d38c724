#pragma once

#include <variant>
#include <vector>

#include "apps/vae/settings.hpp"
#include "nn/gated_conv.hpp"
#include "nn/mlp.hpp"

namespace dimwise::app::vae {

/// Two layers with ReLU: (…, pixels) → (…, hidden).
struct MlpEncoder {
  Mlp layers;

  Tensor operator()(const Tensor& x) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layers", self.layers);
  }
};

/// Six gated convolutions: (n, 784) → (n, 256). van den Berg et al.: Sylvester Normalizing Flows (2018), appendix.
struct ConvEncoder {
  std::vector<GatedConv2d> layers;

  Tensor operator()(const Tensor& x) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layers", self.layers);
  }
};

/// Computes the context of the flow from an image; mean and scale of z0 are linear in it.
struct Encoder {
  std::variant<MlpEncoder, ConvEncoder> kind;

  Tensor operator()(const Tensor& x) const {
    return std::visit([&](const auto& encoder) { return encoder(x); }, kind);
  }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("", self.kind);
  }
};

/// Throws UsageError if the architecture does not take images of this size.
Encoder make_encoder(const ModelSettings& settings, const Rng& rng);
/// The size of the encoder's result.
int64_t context_size(const ModelSettings& settings);

}  // namespace dimwise::app::vae
