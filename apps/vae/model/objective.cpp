#include "apps/vae/model/objective.hpp"

#include "nn/distributions/bernoulli.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise::app::vae {

Elbo elbo(const Vae& vae, const Tensor& x, const Rng& rng, const FlowOptions& options) {
  const Encoded encoded = encode(vae, x);
  const FlowSample draw = vae.flow.sample(rng, encoded.base, encoded.context, {}, options);
  return {-Bernoulli{vae.decoder(draw.z)}.log_prob(x), draw.log_prob - base_log_prob(draw.z),
          draw.statistics.evaluations, draw.z};
}

Tensor log_weights(const Vae& vae, const Encoded& encoded, const Tensor& x, int64_t samples, const Rng& rng,
                   const FlowOptions& options) {
  const FlowSample draw = vae.flow.sample(rng, encoded.base, encoded.context, {samples}, options);
  return Bernoulli{vae.decoder(draw.z)}.log_prob(x) + base_log_prob(draw.z) - draw.log_prob;
}

}  // namespace dimwise::app::vae
