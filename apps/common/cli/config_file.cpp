#include "apps/common/cli/config_file.hpp"

#include <cctype>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "apps/common/cli/exit_code.hpp"

namespace dimwise::app {
namespace {

constexpr size_t largest_file = 1 << 20;

// A cursor over one line.
class LineReader {
 public:
  LineReader(const std::string& text, const std::string& where) : text_(text), where_(where) {}

  ConfigLine read(int number) {
    ConfigLine result{key(), "", number};
    take('=', "needs `key = value`");
    result.value = next() == '[' ? array() : scalar();
    if (!done()) wrong("has more after the value: \"", text_.substr(at_), "\"");
    return result;
  }

  bool done() { return next() == '\0' || next() == '#'; }

 private:
  template <class... Parts>
  [[noreturn]] void wrong(const Parts&... parts) const {
    fail<UsageError>(where_.c_str(), parts...);
  }

  char next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  void take(char c, const char* complaint) {
    if (next() != c) wrong(complaint, ": \"", text_, "\"");
    ++at_;
  }

  std::string while_of(const char* punctuation) {
    const std::string more = punctuation;
    const size_t start = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) || more.find(text_[at_]) != std::string::npos))
      ++at_;
    return text_.substr(start, at_ - start);
  }

  std::string key() {
    if (next() == '[') wrong("opens a table, which is not used here: write `key = value` lines only");
    std::string name = while_of("-_");
    if (name.empty()) wrong("needs `key = value`: \"", text_, "\"");
    return name;
  }

  std::string scalar() {
    const char first = next();
    if (first == '"' || first == '\'') return quoted(first);
    std::string word = while_of("+-.");
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    const bool numeric = error == std::errc() && end == word.data() + word.size() && std::isfinite(number);
    if (!numeric && word != "true" && word != "false")
      wrong("has no value that can be read: \"", text_, "\". Text stands in quotes.");
    return word;
  }

  std::string quoted(char mark) {
    std::string value;
    for (++at_; at_ < text_.size() && text_[at_] != mark; ++at_) {
      char c = text_[at_];
      if (mark == '"' && c == '\\') {
        const std::string from = "\\\"nt", to = "\\\"\n\t";
        const size_t which = ++at_ < text_.size() ? from.find(text_[at_]) : std::string::npos;
        if (which == std::string::npos) wrong("has an unknown escape in \"", text_, "\"");
        c = to[which];
      }
      value += c;
    }
    if (at_ == text_.size()) wrong("has a string without an end: \"", text_, "\"");
    ++at_;
    return value;
  }

  std::string array() {
    std::string joined;
    ++at_;
    for (bool first = true; next() != ']'; first = false) {
      if (!first) {
        take(',', "needs a comma between the elements of an array");
        joined += ',';
      }
      joined += scalar();
    }
    ++at_;
    return joined;
  }

  const std::string& text_;
  const std::string& where_;
  size_t at_ = 0;
};

}  // namespace

std::vector<ConfigLine> read_config(std::istream& in, const std::string& file) {
  std::vector<ConfigLine> lines;
  std::set<std::string> seen;
  std::string text;
  size_t size = 0;
  for (int number = 1; std::getline(in, text); ++number) {
    const std::string where = file + ":" + std::to_string(number);
    if ((size += text.size() + 1) > largest_file)
      fail<UsageError>(where.c_str(), "is above 1 MiB: not a configuration");
    if (LineReader(text, where).done()) continue;
    lines.push_back(LineReader(text, where).read(number));
    if (!seen.insert(lines.back().key).second) fail<UsageError>(where.c_str(), "sets ", lines.back().key, " again");
  }
  return lines;
}

std::vector<ConfigLine> read_config(const std::string& file) {
  std::ifstream in(file);
  std::error_code ignored;
  if (!in || std::filesystem::is_directory(file, ignored))
    fail<UsageError>("--config", "cannot read \"", file, "\". Give the path of a configuration file.");
  return read_config(in, file);
}

std::string toml_quote(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace dimwise::app
