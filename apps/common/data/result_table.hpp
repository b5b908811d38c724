#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise::app {

/// Some columns of a table of results.
struct ResultPart {
  std::string name;                  ///< of the array in .npz
  std::vector<std::string> columns;  ///< their names in .csv
  Tensor values;                     ///< (rows, columns), or (rows) of one column
};

/// A file that a command writes: the value of a flag, or - for a .csv on stdout.
struct ResultFile {
  const char *command, *flag;  ///< for errors, as "sample" and "--file"
  const std::string& path;

  /// Throws UsageError unless the path is - or ends in .csv, .npy or .npz.
  void check() const;
  /// Writes parts of equal rows in float64: as the columns of a .csv or .npy, in their order, or as the arrays of a
  /// .npz. Throws Error if the file cannot be written, UsageError if two columns of a .csv would have one name.
  void write(const std::vector<ResultPart>& parts) const;
  /// Where the command says what it wrote: stdout, unless the table is there.
  std::ostream& report() const;
};

}  // namespace dimwise::app
