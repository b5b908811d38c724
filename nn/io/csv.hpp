#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// A column of a file that is not among the numbers.
struct DroppedColumn {
  std::string name, why;  ///< why, as "row numbers"

  bool operator==(const DroppedColumn&) const = default;
};

/// A table of numbers.
struct Csv {
  std::vector<std::string> columns;                             ///< "x1", "x2" … if the file has no names
  Tensor values;                                                ///< float64, (rows, columns)
  std::map<std::string, std::vector<std::string>> labels = {};  ///< by name, the cells of columns of labels
  std::vector<DroppedColumn> dropped = {};                      ///< columns of the file that are in neither
  int64_t dropped_rows = 0;                                     ///< rows with missing values
  bool named = false;                                           ///< whether the file has names of columns
  std::string dialect = {};             ///< how the file was read, as "separator semicolon, decimal comma, header yes"
  std::vector<std::string> notes = {};  ///< what was decided about the contents, as "line 2 is taken for units: s, m"
};

struct CsvOptions {
  enum class Header : uint8_t { detect, yes, no };
  enum class Missing : uint8_t { error, drop_rows };

  /// The separator: ',' ';' '\t' '|' or any other, ' ' for any number of spaces and tabs; '\0' to detect it.
  char separator = '\0';
  /// The decimal mark, '.' or ','; '\0' to detect it.
  char decimal = '\0';
  /// Whether the first line has column names.
  Header header = Header::detect;
  /// Lines at the start of the file that are not read.
  int64_t skip_lines = 0;
  /// What is done about missing values: an error, or drop the rows that have one in a column that is kept.
  Missing missing = Missing::error;
  /// Words for a missing value. "usual" stands for NA, N/A, NaN, null, None, -, ., ?, #N/A, 1.#QNAN and others of
  /// their kind, in upper or lower case; numbers are compared as numbers. An empty cell is always missing.
  std::vector<std::string> missing_values = {"usual"};
  /// Names for the columns of a file that has none.
  std::vector<std::string> names = {};
  /// The columns to read, in this order; empty for all. None may contain text.
  std::vector<std::string> columns = {};
  /// Columns to skip.
  std::vector<std::string> drop = {};
  /// Columns whose cells may be text, in upper or lower case, if the file has them; they are read beside `columns`.
  std::vector<std::string> labels = {};
  /// Drop columns without a number, instead of throwing.
  bool drop_text = false;
  /// Drop a first column named "", "rownames" or "Unnamed: 0" that contains 1, 2 … or 0, 1 …, as R and pandas write it.
  bool drop_row_numbers = true;
  /// Whether errors name these options as flags of a command line, as --skip-lines.
  bool as_flags = false;
};

/// Reads a text file with one row per line, in UTF-8, or in UTF-16 with a byte-order mark; gzipped if its contents are.
/// Fields may be quoted. Any line ends are allowed; blank lines and lines that begin with # are skipped.
///
/// Separator, decimal mark and names are detected in the first 100 rows. So are: names in a comment above the numbers
/// (numpy.savetxt), a first line `sep=;` (Excel), a row of units below the names, rows with one field more than the
/// names (write.table of R: the first is the row's name), and separators at the ends of rows. A column named in
/// `labels` is among the numbers if it has only numbers, and among `labels` otherwise.
///
/// Throws DataError with `path:line:column: …` for missing values, for anything but a plain number in a column that has
/// numbers, for rows of different length and unterminated quotes; DataError that names both if two readings fit, and
/// for columns that the file does not have.
///
/// Example: `Tensor x = load_csv("EuStockMarkets.csv").values;`
Csv load_csv(const std::string& path, const CsvOptions& options = {});

/// The same from memory, without compression; `name` replaces the path in errors.
Csv parse_csv(std::string_view text, const CsvOptions& options = {}, const std::string& name = "text");

/// Writes a line of column names and a matrix, by `write_atomically`. Numbers have enough digits to read back the same
/// float64. Throws ShapeError unless values are (rows, columns), DataError if writing fails.
void save_csv(const std::string& path, const std::vector<std::string>& columns, const Tensor& values);
/// The text of that file.
std::string to_csv(const std::vector<std::string>& columns, const Tensor& values);

}  // namespace dimwise
