#pragma once

#include <string>
#include <vector>

#include "apps/common/cnf/densities.hpp"
#include "apps/common/data/table_settings.hpp"
#include "nn/data/loader.hpp"

namespace dimwise::app::cnf {

/// The data to learn: a built-in density with new samples at every step, or the rows of a file.
struct DataSettings {
  std::string data = "pinwheel";
  TableSettings table = {};             ///< of a file
  std::string transform = "none";       ///< `log-returns`: differences of logarithms of neighboring rows
  double validation = 0.1, test = 0.1;  ///< shares of a file's rows
  int64_t seed = 0;                     ///< of the split, and of the samples of a density
};

struct Dataset {
  std::string name;
  const Density* density = nullptr;  ///< null for a file
  std::vector<std::string> columns;
  bool named = false;                ///< whether the names of the columns are the data's
  Tensor train, validation, test;    ///< (rows, d), float64; of a density, drawn once
  std::vector<std::string> remarks;  ///< of a file: what each column is taken for, and what was decided about the rows
  std::string dialect;               ///< of a text file: how it was read
  std::string sha256 = {};           ///< of a file

  int64_t rows() const { return train.dim(0) + validation.dim(0) + test.dim(0); }
};

/// Throws DataError with the paths that were tried if neither a density nor a file has the name, and for invalid rows.
Dataset load_dataset(const DataSettings& settings);

/// The training batches: the rows of each are a pure function of seed and step, so that a run can resume at any step.
class Batches {
 public:
  Batches(const Dataset& data, int64_t seed, int64_t size, DType dtype);
  /// (size, d); samples of a density are drawn in `dtype`. Rows of a file stay float64, and are drawn in epochs of full
  /// batches; a file smaller than a batch is one batch.
  Tensor operator()(int64_t step);

 private:
  const Dataset& data_;
  Rng rng_;
  int64_t size_;
  DType dtype_;
  DataLoader loader_;
};

}  // namespace dimwise::app::cnf
