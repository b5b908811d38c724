#include "nn/data/loader.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autodiff/base/error.hpp"
#include "autodiff/base/rng.hpp"

namespace dimwise {

DataLoader::DataLoader(const Options& options) : options_(options) {
  if (options.size < 0 || options.batch < 1)
    fail<ValueError>("loader", "size ", options.size, " and batch ", options.batch,
                     ". The size must be at least 0, the batch at least 1.");
}

int64_t DataLoader::batches() const {
  const int64_t full = options_.size / options_.batch;
  return options_.drop_last || full * options_.batch == options_.size ? full : full + 1;
}

std::vector<int64_t> DataLoader::indices(int64_t epoch, int64_t batch) {
  if (epoch < 0 || batch < 0 || batch >= batches())
    fail<ValueError>("loader", "there is no batch ", batch, " of epoch ", epoch, ": each epoch has ", batches(),
                     " batches, and both count from 0.");
  if (epoch != epoch_) {
    if (options_.shuffle) {
      order_ = Rng(options_.seed).split("loader").split(static_cast<uint64_t>(epoch)).permutation(options_.size);
    } else {
      order_.resize(static_cast<size_t>(options_.size));
      std::iota(order_.begin(), order_.end(), int64_t{0});
    }
    epoch_ = epoch;
  }
  const int64_t begin = batch * options_.batch, end = std::min(begin + options_.batch, options_.size);
  return {order_.begin() + begin, order_.begin() + end};
}

Split train_test_split(int64_t size, double validation, double test, uint64_t seed) {
  const auto count = [&](double fraction) { return std::llround(fraction * static_cast<double>(size)); };
  const bool sensible = size > 0 && validation >= 0 && test >= 0 && validation + test <= 1;
  if (!sensible || count(validation) + count(test) >= size)
    fail<ValueError>("split", "of ", size, " rows, the fractions ", validation, " and ", test,
                     " leave none for training. Make them smaller.");
  const std::vector<int64_t> order = Rng(seed).split("split").permutation(size);
  const auto part = [&](int64_t begin, int64_t end) {
    std::vector<int64_t> rows(order.begin() + begin, order.begin() + end);
    std::sort(rows.begin(), rows.end());
    return rows;
  };
  const int64_t v = count(validation), t = v + count(test);
  return {part(t, size), part(0, v), part(v, t)};
}

}  // namespace dimwise
