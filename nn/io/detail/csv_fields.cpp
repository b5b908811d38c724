#include "nn/io/detail/csv_fields.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "autodiff/base/error.hpp"

namespace dimwise {

CsvReader::CsvReader(std::string_view text, const std::string& name) : text_(text), name_(name) {
  if (text_.substr(0, 3) == "\xef\xbb\xbf") at_ = line_start_ = 3;  // the byte-order mark of some editors
}

bool CsvReader::next(std::vector<CsvField>& row) {
  row.clear();
  for (;; end_line()) {
    skip_spaces();
    if (!at_end() && text_[at_] == '#') skip_line();
    if (at_end()) return false;
    if (!at_line_end()) break;
  }
  if (separator_ == '\0') separator_ = find_separator();
  // A tab was skipped as whitespace above, but may follow an empty first field.
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

char CsvReader::find_separator() const {
  bool quoted = false, seen[4] = {};
  constexpr std::string_view candidates = ";\t, ";
  for (size_t i = at_; i < text_.size() && (quoted || (text_[i] != '\n' && text_[i] != '\r')); ++i) {
    if (text_[i] == '"') quoted = !quoted;
    if (const size_t which = candidates.find(text_[i]); !quoted && which != std::string_view::npos) seen[which] = true;
  }
  for (size_t i = 0; i < candidates.size(); ++i)
    if (seen[i]) return candidates[i];
  return ',';
}

void CsvReader::skip_spaces() {
  while (!at_end() && is_space(text_[at_])) ++at_;
}

void CsvReader::skip_line() {
  while (!at_line_end()) ++at_;
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
    skip_spaces();
    if (!at_line_end() && separator_ != ' ' && text_[at_] != separator_)
      fail<DataError>("csv", name_, ":", line_, ":", at_ - line_start_ + 1, ": text after a closing quote.");
    return field;
  }
  const size_t begin = at_;
  while (!at_line_end() && text_[at_] != separator_ && !(separator_ == ' ' && text_[at_] == '\t')) ++at_;
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
  fail<DataError>("csv", name_, ":", field.line, ":", field.column, ": the quote that starts here is not closed.");
}

std::optional<double> parse_number(std::string_view text) {
  if (!text.empty() && text[0] == '+' && text.substr(1, 1) != "-") text.remove_prefix(1);
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || std::isnan(value)) return std::nullopt;
  return value;
}

bool says_missing(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::string_view words[] = {"", "na", "n/a", "nan", "-nan", "null", "none"};
  return std::find(std::begin(words), std::end(words), lower) != std::end(words);
}

}  // namespace dimwise
