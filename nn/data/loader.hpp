#pragma once

#include <cstdint>
#include <vector>

namespace dimwise {

/// Batches of row numbers whose order is a function of seed and epoch alone, so that a run resumes at any place.
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
    bool shuffle = true;     ///< false for the rows' own order
    bool drop_last = false;  ///< leave out a last batch that is not full
  };

  /// Throws ValueError unless size ≥ 0 and batch ≥ 1.
  explicit DataLoader(const Options& options);

  /// Batches in an epoch.
  int64_t batches() const;
  /// The rows of one batch. Throws ValueError for a batch that is not there. Keeps the epoch's order for the next call.
  std::vector<int64_t> indices(int64_t epoch, int64_t batch);

  const Options& options() const { return options_; }

 private:
  Options options_;
  int64_t epoch_ = -1;
  std::vector<int64_t> order_;
};

/// Row numbers for training, validation and test: disjoint, together all, each in increasing order.
struct Split {
  std::vector<int64_t> train, validation, test;
};

/// size·fraction rows, rounded, each for validation and test, drawn by seed; the others for training. Throws ValueError
/// unless the fractions are 0 or more and leave something for training.
Split train_test_split(int64_t size, double validation, double test, uint64_t seed);

}  // namespace dimwise
