#pragma once

#include <string>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise::app {

/// Throws UsageError unless `file`, the value of `flag`, ends in .csv, .npy or .npz.
void check_table_file(const char* flag, const std::string& file);

/// Writes a table of shape (rows, columns): a .csv has the names in its first line, a .npy has none, a .npz holds one
/// array for each column. Throws DataError if it cannot be written.
void write_table(const std::string& file, const std::vector<std::string>& columns, const Tensor& values);

}  // namespace dimwise::app
