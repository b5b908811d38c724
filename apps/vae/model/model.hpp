#pragma once

#include "apps/vae/model/decoder.hpp"
#include "apps/vae/model/encoder.hpp"
#include "hollow/flow/amortized_flow.hpp"

namespace dimwise::app::vae {

/// A variational autoencoder of 0/1 images: z ~ N(0, I), x ~ Bernoulli(sigmoid(decoder(z))), and q(z|x), a diagonal
/// normal distribution carried by a flow, all read from the encoder.
///
/// Kingma & Welling: Auto-Encoding Variational Bayes (2014); Rezende & Mohamed (2015).
struct Vae {
  Encoder encoder;
  Linear mean, variance;
  AmortizedFlow flow;
  Decoder decoder;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("encoder", self.encoder);
    v("mean", self.mean);
    v("variance", self.variance);
    v("flow", self.flow);
    v("decoder", self.decoder);
  }
};

/// The model, freshly initialized; settings are resolved. Throws UsageError and ValueError for those that make no
/// sense.
Vae make_model(const ModelSettings& settings, const Rng& rng);

/// The settings for a reader, on one line.
std::string describe(const ModelSettings& settings);

/// q(z|x) before the flow, and what the flow's parameters are read from: x of shape (n, pixels) gives (n, latent) and
/// (n, context).
struct Encoded {
  DiagonalNormal base;
  Tensor context;
};
Encoded encode(const Vae& vae, const Tensor& x);

}  // namespace dimwise::app::vae
