#include "nn/io/detail/csv_fields.hpp"

#include "autodiff/base/error.hpp"
#include "nn/io/detail/csv_cells.hpp"

namespace dimwise {

CsvReader::CsvReader(std::string_view text, char separator, const std::string& name, size_t line)
    : text_(text), name_(name), line_(line), separator_(separator) {}

bool CsvReader::next(std::vector<CsvField>& row) {
  row.clear();
  comment_ = {};
  for (;; end_line()) {
    skip_spaces();
    if (at_comment())
      skip_comment();
    else if (!at_line_end())
      break;
    else
      comment_ = {};
    if (at_end()) return false;
  }
  // A separator can have been skipped as a space above, but may follow an empty first field.
  at_ = line_start_;
  for (;;) {
    skip_spaces();
    if (separator_ == ' ' && at_line_end() && !row.empty()) break;
    row.push_back(field());
    skip_spaces();
    if (at_line_end()) break;
    if (separator_ != ' ') ++at_;
  }
  end_line();
  return true;
}

bool CsvReader::at_comment() const {
  if (at_end() || text_[at_] != '#') return false;
  size_t end = at_;
  while (end < text_.size() && text_[end] != '\n' && text_[end] != '\r' && !is_separator(text_[end])) ++end;
  while (is_space(text_[end - 1])) --end;
  const std::string_view word = text_.substr(at_, end - at_);
  return !says_missing(word);
}

void CsvReader::skip_spaces() {
  while (!at_end() && is_space(text_[at_])) ++at_;
}

void CsvReader::skip_comment() {
  const size_t begin = text_.find_first_not_of('#', at_);
  while (!at_line_end()) ++at_;
  comment_ = begin < at_ ? text_.substr(begin, at_ - begin) : std::string_view();
}

void CsvReader::end_line() {
  if (at_end()) return;
  at_ += text_.substr(at_, 2) == "\r\n" ? 2 : 1;
  line_start_ = at_;
  ++line_;
}

CsvField CsvReader::field() {
  CsvField field{{}, false, line_, at_ - line_start_ + 1};
  if (!at_end() && text_[at_] == '"') {
    quoted_text(field);
    if (separator_ != ' ') skip_spaces();
    if (!at_line_end() && !is_separator(text_[at_]))
      fail<DataError>("csv", name_, ":", line_, ":", at_ - line_start_ + 1,
                      ": text after a closing quote. Double the quotes that belong to the text.");
    return field;
  }
  const size_t begin = at_;
  while (!at_line_end() && !is_separator(text_[at_])) ++at_;
  size_t end = at_;
  while (end > begin && is_space(text_[end - 1])) --end;
  field.text = text_.substr(begin, end - begin);
  return field;
}

void CsvReader::quoted_text(CsvField& field) {
  field.quoted = true;
  for (++at_; !at_end(); ++at_) {
    if (text_[at_] == '"') {
      ++at_;
      if (at_end() || text_[at_] != '"') return;
    }
    field.text += text_[at_];
    if (text_[at_] == '\n') {
      ++line_;
      line_start_ = at_ + 1;
    }
  }
  fail<DataError>(
      "csv", name_, ":", field.line, ":", field.column,
      ": the quote that starts here is not closed. Close it, or double the quotes that belong to the text.");
}

}  // namespace dimwise
