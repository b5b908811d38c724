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

/// What reads an image: its result is the context of the flow, from which mean and scale of z0 follow linearly.
struct Encoder {
  std::variant<MlpEncoder, ConvEncoder> kind;

  Tensor operator()(const Tensor& x) const {
    return std::visit([&](const auto& encoder) { return encoder(x); }, kind);
  }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    std::visit([&](auto& encoder) { std::decay_t<decltype(encoder)>::visit(encoder, v); }, self.kind);
  }
};

/// Throws UsageError where the images do not suit the architecture.
Encoder make_encoder(const ModelSettings& settings, const Rng& rng);
/// The size of what the encoder gives.
int64_t context_size(const ModelSettings& settings);

}  // namespace dimwise::app::vae
