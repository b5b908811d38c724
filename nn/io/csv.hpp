#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// A table of numbers.
struct Csv {
  std::vector<std::string> columns;  ///< "x1", "x2" … where the file names none
  Tensor values;                     ///< float64, (rows, columns)
  std::vector<std::string> dropped;  ///< columns of the file that are not in `values`
};

struct CsvOptions {
  /// Whether the first line names the columns; `detect` takes it for names unless all its fields are unquoted numbers.
  enum class Header : uint8_t { detect, yes, no } header = Header::detect;
  /// Leave out columns that hold text, instead of throwing.
  bool drop_text = false;
  /// Leave out a first column named "" or "rownames" that counts 1, 2 … or 0, 1 …, as R and pandas write it.
  bool drop_row_numbers = true;
  /// Names of columns to leave out unread.
  std::vector<std::string> leave_out = {};
};

/// A text file with one row a line; fields separated by commas, semicolons, tabs or spaces, whichever the first line
/// shows; quoted fields, any line ends, blank lines and lines beginning with #.
///
/// Throws DataError reading `path:line:column: …` for missing values (an empty field, NA, NaN), text in place of a
/// number, rows of another length and unfinished quotes; ValueError when `leave_out` names no column.
///
/// Example: `Tensor x = load_csv("EuStockMarkets.csv").values;`
Csv load_csv(const std::string& path, const CsvOptions& options = {});

/// The same from memory; `name` stands for the path in errors.
Csv parse_csv(std::string_view text, const CsvOptions& options = {}, const std::string& name = "text");

/// Writes a matrix under a line of column names, in one step as `write_atomically` does. Numbers have as many digits as
/// it takes to read back the same float64. Throws ShapeError unless values are (rows, columns), DataError when it
/// cannot.
void save_csv(const std::string& path, const std::vector<std::string>& columns, const Tensor& values);

}  // namespace dimwise
