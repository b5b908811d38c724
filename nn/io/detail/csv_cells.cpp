#include "nn/io/detail/csv_cells.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace dimwise {

namespace {

constexpr std::string_view minus = "\xe2\x88\x92";
constexpr std::string_view no_break_space = "\xc2\xa0", narrow_space = "\xe2\x80\xaf", thin_space = "\xe2\x80\x89";

bool digit(char c) { return c >= '0' && c <= '9'; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

bool starts_with_any(std::string_view& text, std::initializer_list<std::string_view> marks) {
  for (const std::string_view mark : marks)
    if (text.substr(0, mark.size()) == mark) {
      text.remove_prefix(mark.size());
      return true;
    }
  return false;
}

bool ends_with_any(std::string_view& text, std::initializer_list<std::string_view> marks) {
  for (const std::string_view mark : marks)
    if (text.size() >= mark.size() && text.substr(text.size() - mark.size()) == mark) {
      text.remove_suffix(mark.size());
      return true;
    }
  return false;
}

void trim(std::string_view& text) {
  while (starts_with_any(text, {" ", no_break_space})) continue;
  while (ends_with_any(text, {" ", no_break_space})) continue;
}

std::from_chars_result read(std::string_view text, double& value) {
  if (!text.empty() && text[0] == '+' && text.substr(1, 1) != "-") text.remove_prefix(1);
  std::from_chars_result result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ptr != text.data() + text.size() || text.empty()) result.ec = std::errc::invalid_argument;
  return result;
}

// The cell in the form that from_chars reads; empty if it has none.
std::string plain(std::string_view text, char decimal) {
  std::string result;
  if (text.substr(0, minus.size()) == minus) {
    result = '-';
    text.remove_prefix(minus.size());
  }
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool after_digit = i > 0 && (digit(text[i - 1]) || text[i - 1] == '.');
    if (decimal == ',' && c == '.') return "";
    if (decimal == ',' && c == ',') {
      if (i + 1 == text.size() || !digit(text[i + 1])) return "";
      result += '.';
    } else if ((c == 'D' || c == 'd') && after_digit) {
      result += 'e';
    } else if (text.substr(i, minus.size()) == minus && i > 0 && std::string_view("eEdD").find(text[i - 1]) < 4) {
      result += '-';
      i += minus.size() - 1;
    } else {
      result += c;
    }
  }
  return result;
}

// The digits of a number whose groups of three are divided by one of these marks; empty if it is none.
std::string ungrouped(std::string_view text, std::initializer_list<std::string_view> marks) {
  for (const std::string_view mark : marks) {
    std::string digits;
    size_t group = 0, groups = 0;
    bool whole = true, good = true;
    for (size_t i = 0; i < text.size() && good;) {
      if (whole && text.substr(i, mark.size()) == mark) {
        good = groups == 0 ? group >= 1 && group <= 3 : group == 3;
        group = 0;
        ++groups;
        i += mark.size();
        continue;
      }
      whole = whole && (digit(text[i]) || (i == 0 && (text[i] == '-' || text[i] == '+')));
      group += whole && digit(text[i]);
      digits += text[i++];
    }
    if (good && groups > 0 && group == 3) return digits;
  }
  return "";
}

}  // namespace

std::optional<double> parse_number(std::string_view text, char decimal) {
  double value = 0;
  if (read(plain(text, decimal), value).ec != std::errc() || std::isnan(value)) return std::nullopt;
  return value;
}

const std::vector<std::string_view>& usual_missing_words() {
  static const std::vector<std::string_view> words = {
      "na",       "n/a",          "<na>",         "n.a.",    "nan",      "-nan",    "nat",    "null",    "(null)",
      "none",     "nil",          "\\n",          "-",       "--",       "---",     ".",      "..",      "...",
      "?",        "\xe2\x80\x93", "\xe2\x80\x94", "#n/a",    "#na",      "#null!",  "#num!",  "#value!", "#ref!",
      "#name?",   "#div/0!",      "missing",      "1.#qnan", "-1.#qnan", "1.#snan", "1.#ind", "-1.#ind", "nan(ind)",
      "-nan(ind)"};
  return words;
}

bool says_missing(std::string_view text, const std::vector<std::string>& words) {
  if (text.empty()) return true;
  const std::string word = lower(text);
  const auto is_word = [&](const std::string& given) {
    if (given == "usual") {
      const auto& usual = usual_missing_words();
      return std::find(usual.begin(), usual.end(), word) != usual.end();
    }
    const std::optional<double> number = parse_number(given);
    return lower(given) == word || (number && number == parse_number(text));
  };
  return std::any_of(words.begin(), words.end(), is_word);
}

std::string odd_number(std::string_view text, char decimal) {
  const auto number = [&](std::string_view part) { return parse_number(part, decimal).has_value(); };
  const auto number_or_grouped = [&](std::string_view part) {
    trim(part);
    return number(part) || !ungrouped(part, {",", ".", " ", no_break_space}).empty();
  };
  trim(text);
  double value = 0;
  if (read(plain(text, decimal), value).ec == std::errc::result_out_of_range)
    return "a number outside the range of float64";
  std::string_view rest = text;
  if (ends_with_any(rest, {"%", "\xe2\x80\xb0"}) && number_or_grouped(rest)) return "a percentage";
  rest = text;
  const bool negative = starts_with_any(rest, {"-", "+", minus});
  const auto currencies = {std::string_view("$"), std::string_view("\xe2\x82\xac"), std::string_view("\xc2\xa3"),
                           std::string_view("\xc2\xa5"), std::string_view("\xe2\x82\xb9")};
  if ((starts_with_any(rest, currencies) || ends_with_any(rest, currencies)) && number_or_grouped(rest))
    return "an amount of money";
  rest = text;
  if (starts_with_any(rest, {"("}) && ends_with_any(rest, {")"}) && !rest.empty() && rest[0] != '-' &&
      number_or_grouped(rest))
    return "a number in parentheses";
  rest = negative ? text.substr(1) : text;
  if (starts_with_any(rest, {"0x", "0X"}) && !rest.empty() &&
      std::all_of(rest.begin(), rest.end(), [](unsigned char c) { return std::isxdigit(c); }))
    return "a hexadecimal number";
  if (const size_t bar = text.find('_'); bar != std::string_view::npos && bar > 0 && digit(text[bar - 1])) {
    std::string joined;
    std::copy_if(text.begin(), text.end(), std::back_inserter(joined), [](char c) { return c != '_'; });
    if (number(joined)) return "a number with underscores";
  }
  const std::string grouped = decimal == '.'
                                  ? ungrouped(text, {",", " ", "'", no_break_space, narrow_space, thin_space})
                                  : ungrouped(text, {".", " ", "'", no_break_space, narrow_space, thin_space});
  if (!grouped.empty() && number(grouped)) return "a number with thousands separators";
  if (decimal == '.' && parse_number(text, ',')) return "a number with a decimal comma";
  if (decimal == ',' && parse_number(text, '.')) return "a number with a decimal point";
  if (const std::string other = ungrouped(text, {".", ","}); parse_number(other, decimal == '.' ? ',' : '.'))
    return "a number with thousands separators";
  return "";
}

bool may_be_thousands(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text.substr(0, 1) != "0" && !ungrouped(text, {","}).empty();
}

}  // namespace dimwise
