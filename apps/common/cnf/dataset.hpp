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
  std::string given = {};               ///< of a file: the columns that the density of the others is conditional on
  std::string transform = "none";       ///< `log-returns`: differences of logarithms of neighboring rows
  double validation = 0.1, test = 0.1;  ///< shares of a file's rows
  int64_t seed = 0;                     ///< of the split, and of the samples of a density
};

/// What the rows are. The given columns come before those that are learned.
struct DataSource {
  std::string name;
  const Density* density = nullptr;  ///< null for a file
  std::vector<std::string> columns;
  int64_t given = 0;                 ///< number of given columns
  bool named = false;                ///< whether the names of the columns are the data's
  std::vector<std::string> remarks;  ///< of a file: what each column is taken for, and what was decided about the rows
  std::string dialect;               ///< of a text file: how it was read
  std::string sha256 = {};           ///< of a file
};

struct Dataset : DataSource {
  Tensor train, validation, test;  ///< (rows, columns), float64; of a density, drawn once

  int64_t rows() const { return train.dim(0) + validation.dim(0) + test.dim(0); }
};

/// All rows of a file, in its order.
struct DataRows : DataSource {
  Tensor x;  ///< (rows, columns), float64
};

/// Throws DataError with the paths that were tried if neither a density nor a file has the name, and for invalid rows.
Dataset load_dataset(const DataSettings& settings);
/// The file of the settings, which is not split. Throws the same.
DataRows load_rows(const DataSettings& settings);
/// The built-in density of this name, or null.
const Density* find_density(const std::string& name);

/// The training batches: the rows of each are a pure function of seed and step, so that a run can resume at any step.
class Batches {
 public:
  Batches(const Dataset& data, int64_t seed, int64_t size, DType dtype);
  /// (size, columns); samples of a density are drawn in `dtype`. Rows of a file stay float64, and are drawn in epochs
  /// of full batches; a file smaller than a batch is one batch.
  Tensor operator()(int64_t step);

 private:
  const Dataset& data_;
  Rng rng_;
  int64_t size_;
  DType dtype_;
  DataLoader loader_;
};

}  // namespace dimwise::app::cnf
