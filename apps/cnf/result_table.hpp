#pragma once

#include <string>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise::app::cnf {

/// Some columns of a table of results.
struct ResultPart {
  std::string name;                  ///< of the array in .npz
  std::vector<std::string> columns;  ///< their names in .csv
  Tensor values;                     ///< (rows, columns), or (rows) of one column
};

/// Throws UsageError that names `--file` unless the file's name ends in .csv, .npy or .npz.
void check_result_file(const std::string& file);

/// Writes parts of equal rows in float64: as the columns of a .csv or .npy, in their order, or as the arrays of a .npz.
/// Throws Error if the file cannot be written, UsageError if two columns of a .csv would have one name.
void write_result_table(const char* command, const std::string& file, const std::vector<ResultPart>& parts);

}  // namespace dimwise::app::cnf
