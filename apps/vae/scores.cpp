#include "apps/vae/scores.hpp"

#include <algorithm>
#include <cmath>

#include "apps/common/cli/common_flags.hpp"
#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"
#include "ops/reduce.hpp"

namespace dimwise::app::vae {

namespace {

constexpr int64_t images_at_once = 20;  // of the log-likelihood, whose draws share one encoding

int64_t chunks(int64_t images, int64_t size) { return (images + size - 1) / size; }

int64_t wanted(int64_t asked, int64_t there) { return asked > 0 ? std::min(asked, there) : there; }

Tensor chunk_of(const Tensor& images, int64_t count, int64_t size, int64_t i) {
  return slice(images, 0, i * size, std::min(count, (i + 1) * size));
}

// −log of the mean weight of each image, with a bounded number of draws at a time.
std::vector<double> nll(const Vae& model, const Tensor& x, const ScoreSettings& s, const Rng& rng,
                        FlowOptions options) {
  const Encoded encoded = encode(model, x);
  const int64_t piece = std::max<int64_t>(s.batch_size / x.dim(0), 1);
  std::vector<Tensor> sums;
  for (int64_t done = 0; done < s.samples; done += piece) {
    options.noise = rng.split("noise").split(static_cast<uint64_t>(done));
    const Tensor w = log_weights(model, encoded, x, std::min(piece, s.samples - done),
                                 rng.split("z").split(static_cast<uint64_t>(done)), options);
    sums.push_back(logsumexp(astype(w, DType::float64), {0}));
  }
  return (std::log(static_cast<double>(s.samples)) - logsumexp(stack(sums, 0), {0})).values();
}

}  // namespace

Elbo elbo_of_chunk(const Vae& model, const Tensor& images, int64_t chunk, int64_t seed, FlowOptions options,
                   int64_t size) {
  const Rng own = Rng(static_cast<uint64_t>(seed)).split("elbo").split(static_cast<uint64_t>(chunk));
  options.noise = own.split("noise");
  const Tensor x = chunk_of(images, images.dim(0), size, chunk);
  return elbo(model, astype(x, model.mean.weight.dtype()), own.split("z"), options);
}

void score(Scores& scores, const Vae& model, const Tensor& images, const ScoreSettings& s, const FlowOptions& options,
           ThreadPool& pool, const std::function<bool(int64_t, int64_t)>& after) {
  const NoGrad guard;
  const DType dtype = model.mean.weight.dtype();
  const int64_t elbo_images = wanted(s.elbo_images, images.dim(0)), nll_images = wanted(s.nll_images, images.dim(0)),
                elbo_size = std::min(s.batch_size, images_of_elbo), nll_size = images_at_once,
                elbo_chunks = chunks(elbo_images, elbo_size), nll_chunks = chunks(nll_images, nll_size),
                pieces = (s.samples * nll_size + s.batch_size - 1) / s.batch_size,
                total = elbo_chunks + nll_chunks * pieces, threads = pool.threads();
  const Rng rng(static_cast<uint64_t>(s.seed));
  while (scores.elbo_chunks < elbo_chunks) {
    const int64_t begin = scores.elbo_chunks, count = std::min(threads, elbo_chunks - begin);
    std::vector<Elbo> parts(static_cast<size_t>(count));
    pool.run(count, [&](int64_t i) {
      parts[static_cast<size_t>(i)] =
          elbo_of_chunk(model, slice(images, 0, 0, elbo_images), begin + i, s.seed, options, elbo_size);
    });
    for (const Elbo& part : parts) {
      for (const double v : part.reconstruction.values()) scores.reconstruction.push_back(v);
      for (const double v : part.divergence.values()) scores.divergence.push_back(v);
      scores.evaluations += static_cast<double>(part.evaluations);
    }
    scores.elbo_chunks += count;
    if (!after(scores.elbo_chunks, total)) return;
  }
  while (scores.nll_chunks < nll_chunks) {
    const int64_t begin = scores.nll_chunks, count = std::min(threads, nll_chunks - begin);
    std::vector<std::vector<double>> parts(static_cast<size_t>(count));
    pool.run(count, [&](int64_t i) {
      parts[static_cast<size_t>(i)] = nll(model, astype(chunk_of(images, nll_images, nll_size, begin + i), dtype), s,
                                          rng.split("nll").split(static_cast<uint64_t>(begin + i)), options);
    });
    for (const std::vector<double>& part : parts) scores.nll.insert(scores.nll.end(), part.begin(), part.end());
    scores.nll_chunks += count;
    if (!after(elbo_chunks + scores.nll_chunks * pieces, total)) return;
  }
}

Mean negative_elbo(const Scores& scores) {
  std::vector<double> both = scores.reconstruction;
  for (size_t i = 0; i < both.size(); ++i) both[i] += scores.divergence[i];
  return mean_of(both);
}

}  // namespace dimwise::app::vae
