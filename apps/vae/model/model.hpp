#pragma once

#include "apps/vae/model/decoder.hpp"
#include "apps/vae/model/encoder.hpp"
#include "hollow/flow/amortized_flow.hpp"

namespace dimwise::app::vae {

/// A variational autoencoder of 0/1 images: z ~ N(0, I), x ~ Bernoulli(sigmoid(decoder(z))), and q(z|x), a diagonal
/// normal distribution transformed by a flow; the encoder computes its parameters.
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

/// The initialized model of resolved settings. Throws UsageError and ValueError for invalid ones.
Vae make_model(const ModelSettings& settings, const Rng& rng);

/// The architecture in one line of text.
std::string describe(const ModelSettings& settings);

/// q(z|x) before the flow, and the context of the flow: x of shape (n, pixels) gives (n, latent) and (n, context).
struct Encoded {
  DiagonalNormal base;
  Tensor context;
};
Encoded encode(const Vae& vae, const Tensor& x);

}  // namespace dimwise::app::vae
