#pragma once

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
  /// The text begins in line `line` of the file; `separator` ' ' stands for any number of spaces and tabs; `name`
  /// replaces the path in errors.
  CsvReader(std::string_view text, char separator, const std::string& name, size_t line = 1);
  /// Reads the next row into `row`, skipping blank lines and comments; false at the end. Throws DataError for an
  /// unterminated quote and for text next to a quote.
  ///
  /// A line that begins with # is a comment, unless its first field is a word of a missing value, as #N/A.
  bool next(std::vector<CsvField>& row);
  /// The comment in the line above the last row, without its mark; empty if that line is none.
  std::string_view comment() const { return comment_; }

 private:
  bool at_end() const { return at_ == text_.size(); }
  bool at_line_end() const { return at_end() || text_[at_] == '\n' || text_[at_] == '\r'; }
  bool is_space(char c) const { return c == ' ' || (c == '\t' && separator_ != '\t'); }
  bool is_separator(char c) const { return c == separator_ || (separator_ == ' ' && c == '\t'); }
  bool at_comment() const;
  void skip_spaces();
  void skip_comment();
  void end_line();
  CsvField field();
  void quoted_text(CsvField& field);

  std::string_view text_, comment_;
  const std::string& name_;
  size_t at_ = 0, line_, line_start_ = 0;
  char separator_;
};

}  // namespace dimwise
