#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dimwise {

/// One field of a text table, and its line and column, counted from 1.
struct CsvField {
  std::string text;  ///< without quotes; without outer spaces, unless quoted
  bool quoted = false;
  size_t line = 0;
  size_t column = 0;
};

/// Splits a text table into rows of fields, one row at a time.
class CsvReader {
 public:
  /// Detects the separator from the first row; `name` replaces the path in errors.
  CsvReader(std::string_view text, const std::string& name);
  /// Reads the next row into `row`, skipping blank lines and comments; false at the end. Throws DataError for an
  /// unterminated quote and for text next to a quote.
  bool next(std::vector<CsvField>& row);

 private:
  char find_separator() const;
  bool at_end() const { return at_ == text_.size(); }
  bool at_line_end() const { return at_end() || text_[at_] == '\n' || text_[at_] == '\r'; }
  bool is_space(char c) const { return c == ' ' || (c == '\t' && separator_ != '\t'); }
  void skip_spaces();
  void skip_line();
  void end_line();
  CsvField field();
  void quoted_text(CsvField& field);

  std::string_view text_;
  const std::string& name_;
  size_t at_ = 0, line_ = 1, line_start_ = 0;
  char separator_ = '\0';
};

/// The number that the whole field represents, including infinities. None for anything else, and outside the range of
/// double.
std::optional<double> parse_number(std::string_view text);

/// Whether a field marks a missing value: empty, NA, N/A, NaN, null or None, in upper or lower case.
bool says_missing(std::string_view text);

}  // namespace dimwise
