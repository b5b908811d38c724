#include "nn/parallel/value_and_grad_parallel.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"

namespace dimwise {

std::vector<Shard> shards(int64_t rows, int64_t count) {
  if (rows < 1 || count < 1)
    fail<ValueError>("shards", "a batch of ", rows, " rows for ", count, " threads. Both must be 1 or more.");
  count = std::min(count, rows);
  std::vector<Shard> result;
  for (int64_t i = 0; i < count; ++i) result.push_back({i, rows * i / count, rows * (i + 1) / count});
  return result;
}

}  // namespace dimwise
