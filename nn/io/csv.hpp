#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// A table of numbers.
struct Csv {
  std::vector<std::string> columns;  ///< "x1", "x2" … if the file has no names
  Tensor values;                     ///< float64, (rows, columns)
  std::vector<std::string> dropped;  ///< columns of the file that are not in `values`
};

struct CsvOptions {
  /// Whether the first line has column names; `detect` assumes so unless all its fields are unquoted numbers.
  enum class Header : uint8_t { detect, yes, no } header = Header::detect;
  /// Drop columns that contain text, instead of throwing.
  bool drop_text = false;
  /// Drop a first column named "" or "rownames" that contains 1, 2 … or 0, 1 …, as R and pandas write it.
  bool drop_row_numbers = true;
  /// Names of columns to skip.
  std::vector<std::string> leave_out = {};
};

/// Reads a text file with one row per line. Fields are separated by commas, semicolons, tabs or spaces, as detected in
/// the first line, and may be quoted. Any line ends are allowed; blank lines and lines that begin with # are skipped.
///
/// Throws DataError with `path:line:column: …` for missing values (an empty field, NA, NaN), text instead of a number,
/// rows of different length and unterminated quotes; ValueError if `leave_out` has a name that is not a column.
///
/// Example: `Tensor x = load_csv("EuStockMarkets.csv").values;`
Csv load_csv(const std::string& path, const CsvOptions& options = {});

/// The same from memory; `name` replaces the path in errors.
Csv parse_csv(std::string_view text, const CsvOptions& options = {}, const std::string& name = "text");

/// Writes a line of column names and a matrix, by `write_atomically`. Numbers have enough digits to read back the same
/// float64. Throws ShapeError unless values are (rows, columns), DataError if writing fails.
void save_csv(const std::string& path, const std::vector<std::string>& columns, const Tensor& values);

}  // namespace dimwise
