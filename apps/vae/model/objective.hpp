#pragma once

#include "apps/vae/model/model.hpp"

namespace dimwise::app::vae {

/// The two parts of the negative evidence lower bound of each image, in nats.
struct Elbo {
  Tensor reconstruction;    ///< (n,): −log p(x|z)
  Tensor divergence;        ///< (n,): log q(z|x) − log p(z), for one z drawn from q: its mean is KL(q ‖ p)
  int64_t evaluations = 0;  ///< of the dynamics of a continuous flow
  Tensor z = {};            ///< (n, latent): the draw
};
/// x of shape (n, pixels), whose first row is number options.first_row of its batch: a part of a batch draws
/// the same as the whole batch. Throws SolverError.
Elbo elbo(const Vae& vae, const Tensor& x, const Rng& rng, const FlowOptions& options);

/// log p(x|z) + log p(z) − log q(z|x) of `samples` draws of z for each image: (samples, n). Their logsumexp −
/// log(samples) is on average a lower bound of log p(x) (Burda et al., 2016). Throws SolverError.
Tensor log_weights(const Vae& vae, const Encoded& encoded, const Tensor& x, int64_t samples, const Rng& rng,
                   const FlowOptions& options);

}  // namespace dimwise::app::vae
