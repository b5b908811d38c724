#pragma once

#include <cstdint>
#include <vector>

namespace dimwise {

/// Batches of row indices whose order depends on seed and epoch alone, so that a run can resume at any batch.
///
/// Example:
/// ```cpp
/// DataLoader loader({.size = x.dim(0), .batch = 128, .seed = 7});
/// for (int64_t b = 0; b < loader.batches(); ++b) step(index_select(x, 0, loader.indices(epoch, b)));
/// ```
class DataLoader {
 public:
  struct Options {
    int64_t size = 0;   ///< number of rows
    int64_t batch = 1;  ///< rows in a batch
    uint64_t seed = 0;
    bool shuffle = true;     ///< false: increasing order
    bool drop_last = false;  ///< drop a last batch that is not full
  };

  /// Throws ValueError unless size ≥ 0 and batch ≥ 1.
  explicit DataLoader(const Options& options);

  /// The number of batches in an epoch.
  int64_t batches() const;
  /// The rows of one batch. Throws ValueError for a batch that does not exist. Caches the epoch's order.
  std::vector<int64_t> indices(int64_t epoch, int64_t batch);

  const Options& options() const { return options_; }

 private:
  Options options_;
  int64_t epoch_ = -1;
  std::vector<int64_t> order_;
};

/// Row indices for training, validation and test: a partition of all rows, each in increasing order.
struct Split {
  std::vector<int64_t> train, validation, test;
};

/// Draws size·fraction rows, rounded, for validation and for test, by the seed; the others are for training. Throws
/// ValueError unless the fractions are at least 0 and leave rows for training.
Split train_test_split(int64_t size, double validation, double test, uint64_t seed);

}  // namespace dimwise
