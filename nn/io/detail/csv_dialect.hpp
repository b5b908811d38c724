#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nn/io/csv.hpp"

namespace dimwise {

/// How a text table is to be read.
struct CsvDialect {
  char separator = ',', decimal = '.';
  std::string_view rows;   ///< the text from its first row or comment on
  size_t line = 1;         ///< the number of the line where that begins
  bool header = false;     ///< whether the first row has the names of the columns
  bool row_names = false;  ///< whether the first field of each row is its name, which the header does not name
  bool units = false;      ///< whether the row below the header has units
  bool trailing = false;   ///< whether rows end with separators, after which there is nothing
  bool named = false;      ///< whether the names are the file's
  std::vector<std::string> names = {};  ///< of the columns, with that of row names
  std::vector<std::string> notes = {};  ///< what was decided about the contents
};

/// Decides what `options` leave open, from the first 100 rows. Throws DataError if there are no rows, and one that
/// names both readings if two fit.
CsvDialect detect_dialect(std::string_view text, const CsvOptions& options, const std::string& name);

/// An option and its value as errors name it: "--skip-lines 3", or "skip_lines = 3".
std::string csv_option(const CsvOptions& options, std::string option, const std::string& value);
/// A separator or a decimal mark in words: "semicolon", "comma".
std::string word_of_separator(char separator);
std::string word_of_decimal(char decimal);

}  // namespace dimwise
