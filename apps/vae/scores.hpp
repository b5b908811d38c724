#pragma once

#include <functional>
#include <string>

#include "apps/common/report/mean.hpp"
#include "apps/vae/data/images.hpp"
#include "apps/vae/saved_run.hpp"
#include "nn/parallel/thread_pool.hpp"

namespace dimwise::app::vae {

/// How a model is judged.
struct ScoreSettings {
  int64_t seed = 0;
  int64_t samples = 5000;     ///< of z an image, for the log-likelihood
  int64_t elbo_images = 0;    ///< the first so many test images; 0 for all
  int64_t nll_images = 0;     ///< the same for the log-likelihood
  int64_t batch_size = 1000;  ///< draws of z that are in memory at once, for each thread
};

/// What is known of each test image so far. Images come in chunks; those of a thread count that is another give the
/// same numbers.
struct Scores {
  std::vector<double> reconstruction, divergence;  ///< of one draw of z, in nats
  std::vector<double> nll;                         ///< −log of the mean importance weight
  double evaluations = 0;                          ///< of the drift, summed over the chunks of the first two
  int64_t elbo_chunks = 0, nll_chunks = 0;         ///< done
};

/// Goes on with some scores until all are there.
///
/// `after(done, total)` is called, by this thread, after every few chunks; scoring ends where it returns false. Throws
/// SolverError.
void score(Scores& scores, const Vae& model, const Tensor& images, const ScoreSettings& settings,
           const FlowOptions& options, ThreadPool& pool, const std::function<bool(int64_t, int64_t)>& after);

/// Of −ELBO: reconstruction + divergence.
Mean negative_elbo(const Scores& scores);

}  // namespace dimwise::app::vae
