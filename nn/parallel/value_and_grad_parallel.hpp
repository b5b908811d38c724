#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "nn/module.hpp"
#include "nn/parallel/thread_pool.hpp"

namespace dimwise {

/// Rows begin, …, end − 1 of a batch: the part of one thread.
struct Shard {
  int64_t index = 0;
  int64_t begin = 0, end = 0;

  int64_t size() const { return end - begin; }
};

/// `rows` rows divided into min(count, rows) shards whose sizes differ by at most one. Throws ValueError unless
/// rows ≥ 1 and count ≥ 1.
std::vector<Shard> shards(int64_t rows, int64_t count);

/// The loss of a model, a mean over the rows of a batch, and its gradient: `value_and_grad` with one shard of the
/// batch, and a separate tape, for each thread of the pool.
///
/// `loss(m, shard)` returns the mean over the shard's rows, and is called concurrently. Losses and gradients are
/// weighted by the shards' fractions of the rows and added in the order of the shards: the same number of threads
/// always gives the same bits, another number the same up to rounding. Draw the random numbers of a row by its index in
/// the batch, not in the shard: for the whole batch beforehand, or with an index such as `FlowOptions::first_row`.
/// Throws the exception of `loss` for the first shard that fails, and as `value_and_grad` does.
///
/// Example:
/// ```cpp
/// ThreadPool pool(2);
/// auto [loss, g] = value_and_grad_parallel(pool, [&](const auto& m, const Shard& s) {
///   return mean(square(m(slice(x, 0, s.begin, s.end)) - slice(y, 0, s.begin, s.end)));
/// }, model, x.dim(0));
/// ```
template <Module M, class Loss>
std::pair<Tensor, M> value_and_grad_parallel(ThreadPool& pool, Loss&& loss, const M& m, int64_t rows) {
  const std::vector<Shard> all = shards(rows, pool.threads());
  std::vector<std::optional<std::pair<Tensor, M>>> parts(all.size());
  pool.run(static_cast<int64_t>(all.size()), [&](int64_t i) {
    const Shard& shard = all[static_cast<size_t>(i)];
    parts[static_cast<size_t>(i)] = value_and_grad(
        [&](const M& tracked) {
          const Tensor y = loss(tracked, shard);
          return all.size() == 1 ? y : scale(y, static_cast<double>(shard.size()) / static_cast<double>(rows));
        },
        m);
  });
  std::pair<Tensor, M> total = *std::move(parts[0]);
  for (size_t i = 1; i < parts.size(); ++i) {
    accumulate(total.first, parts[i]->first);
    const std::vector<Tensor> part = parameters(parts[i]->second);
    size_t k = 0;
    detail::each_parameter(total.second, [&](const std::string&, Tensor& g) { accumulate(g, part[k++]); });
  }
  return total;
}

}  // namespace dimwise
