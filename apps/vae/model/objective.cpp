#include "apps/vae/model/objective.hpp"

#include "nn/distributions/bernoulli.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise::app::vae {

Elbo elbo(const Vae& vae, const Tensor& x, const Rng& rng, const FlowOptions& options) {
  const Encoded encoded = encode(vae, x);
  const PosteriorSample draw = sample(vae.flow, encoded.base, encoded.context, rng, {}, options);
  return {-Bernoulli{vae.decoder(draw.z)}.log_prob(x), draw.log_q - base_log_prob(draw.z), draw.evaluations};
}

Tensor log_weights(const Vae& vae, const Encoded& encoded, const Tensor& x, int64_t samples, const Rng& rng,
                   const FlowOptions& options) {
  const PosteriorSample draw = sample(vae.flow, encoded.base, encoded.context, rng, {samples}, options);
  return Bernoulli{vae.decoder(draw.z)}.log_prob(x) + base_log_prob(draw.z) - draw.log_q;
}

}  // namespace dimwise::app::vae
