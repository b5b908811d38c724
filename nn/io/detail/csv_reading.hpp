#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nn/io/csv.hpp"
#include "nn/io/detail/csv_fields.hpp"

namespace dimwise {

/// What a cell of a table is.
enum class CsvCell : uint8_t { missing, number, odd_number, text };
CsvCell kind_of(const CsvField& cell, char decimal, const CsvOptions& options);

/// The first rows of a text as they are with one separator and one decimal mark.
struct CsvReading {
  char separator = ',', decimal = '.';
  std::vector<std::vector<CsvField>> rows = {};
  std::string comment = {};  ///< above the first row
  size_t width = 0;          ///< of most rows, without what `trailing` drops
  bool row_names = false;    ///< whether rows have one field more than the first row, which is their name
  bool trailing = false;     ///< whether rows end with separators, after which there is nothing
  bool fits = false;         ///< whether all rows have that width, and the separator is plausible
  size_t numbers = 0;        ///< cells that are numbers
  double regular = 0;        ///< the share of the rows that have that width
  double share = 0;          ///< the share of numbers among the cells that are not missing, apart from names and units

  CsvCell kind(size_t row, size_t column) const { return kind_of(rows[row][column], decimal, *options); }
  /// Whether the second row can have units: no numbers, and no text that begins as one.
  bool can_have_units() const;

  const CsvOptions* options = nullptr;
};

/// The readings of `text`, which begins in line `line`, that are possible; none if it has no rows, or cannot be split.
/// `separator` is '\0' if it is not known.
std::vector<CsvReading> possible_readings(std::string_view text, char separator, const CsvOptions& options,
                                          size_t line);

/// Whether two readings give the same cells.
bool same_table(const CsvReading& a, const CsvReading& b);

}  // namespace dimwise
