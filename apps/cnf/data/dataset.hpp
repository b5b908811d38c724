#pragma once

#include <string>
#include <vector>

#include "apps/cnf/data/densities.hpp"
#include "nn/data/loader.hpp"

namespace dimwise::app {

/// What is to be learned: a built-in density, sampled anew at every step, or the rows of a file.
struct DataSettings {
  std::string data = "pinwheel";
  std::string transform = "none";       ///< `log-returns`: differences of logarithms of neighboring rows
  double validation = 0.1, test = 0.1;  ///< shares of a file's rows
  int64_t seed = 0;                     ///< of the split, and of the samples of a density
};

struct Dataset {
  std::string name;
  const Density* density = nullptr;  ///< null for a file
  std::vector<std::string> columns;
  Tensor train, validation, test;    ///< (rows, d), float64; of a density, drawn once
  std::vector<std::string> dropped;  ///< columns of the file that were left out
};

/// Throws DataError telling the paths tried when there is neither such a density nor such a file, and for rows that
/// cannot be used.
Dataset load_dataset(const DataSettings& settings);

/// The training batches: the rows of each are a pure function of seed and step, so that a run resumes at any place.
class Batches {
 public:
  Batches(const Dataset& data, int64_t seed, int64_t size, DType dtype);
  /// (size, d); a file's rows come in epochs of whole batches, a set smaller than a batch whole.
  Tensor operator()(int64_t step);

 private:
  const Dataset& data_;
  Rng rng_;
  int64_t size_;
  DType dtype_;
  DataLoader loader_;
};

}  // namespace dimwise::app
