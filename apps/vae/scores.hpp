#pragma once

#include <functional>
#include <string>

#include "apps/common/report/mean.hpp"
#include "apps/vae/data/images.hpp"
#include "apps/vae/model/objective.hpp"
#include "apps/vae/saved_run.hpp"
#include "nn/parallel/thread_pool.hpp"

namespace dimwise::app::vae {

/// Settings of scoring a model.
struct ScoreSettings {
  int64_t seed = 0;
  int64_t samples = 5000;     ///< of z for each image, for the log-likelihood
  int64_t elbo_images = 0;    ///< number of test images, from the first; 0 for all
  int64_t nll_images = 0;     ///< the same for the log-likelihood
  int64_t batch_size = 1000;  ///< draws of z in memory at a time, for each thread
};

/// Images of a chunk of `elbo_of_chunk`, at most.
inline constexpr int64_t images_of_elbo = 250;
/// The bounds of a chunk of `size` images, the draws of which the seed and the number of the chunk determine.
Elbo elbo_of_chunk(const Vae& model, const Tensor& images, int64_t chunk, int64_t seed, FlowOptions options,
                   int64_t size = images_of_elbo);

/// The scores of test images so far, in chunks. They do not depend on the number of threads.
struct Scores {
  std::vector<double> reconstruction, divergence;  ///< of one draw of z, in nats
  std::vector<double> nll;                         ///< −log of the mean importance weight
  double evaluations = 0;                          ///< of the dynamics, summed over the chunks of the first two
  int64_t elbo_chunks = 0, nll_chunks = 0;         ///< finished
};

/// Continues some scores until all are computed.
///
/// Calls `after(done, total)` on this thread after every few chunks, and stops if it returns false. Throws
/// SolverError.
void score(Scores& scores, const Vae& model, const Tensor& images, const ScoreSettings& settings,
           const FlowOptions& options, ThreadPool& pool, const std::function<bool(int64_t, int64_t)>& after);

/// Of −ELBO: reconstruction + divergence.
Mean negative_elbo(const Scores& scores);

}  // namespace dimwise::app::vae
