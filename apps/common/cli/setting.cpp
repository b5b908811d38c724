#include "apps/common/cli/setting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "apps/common/cli/config_file.hpp"
#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/suggest.hpp"

namespace dimwise::app {
namespace {

std::string write(int64_t x) { return std::to_string(x); }

std::string write(double x) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, x).ptr);
}

const char* kind(int64_t) { return "a whole number"; }
const char* kind(double) { return "a number"; }

std::string bounds(Range range) {
  const bool below = std::isfinite(range.max);
  if (!std::isfinite(range.min)) return below ? " of at most " + write(range.max) : "";
  if (below) return (range.above_min ? " above " : " from ") + write(range.min) + " to " + write(range.max);
  return (range.above_min ? " above " : " of at least ") + write(range.min);
}

template <class T>
T number(const std::string& where, const std::string& text, Range range) {
  T x{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  const double value = static_cast<double>(x);
  const bool read = error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
  if (!read || value < range.min || value > range.max || (range.above_min && value == range.min))
    fail<UsageError>(where.c_str(), "must be ", kind(T{}), bounds(range), ", not \"", text, "\"");
  return x;
}

template <class T>
Setting of_number(const std::string& name, T& value, const std::string& help, Range range) {
  Setting s{.name = name, .placeholder = std::is_integral_v<T> ? "N" : "X", .help = help, .fallback = write(value)};
  s.read = [&value, range](const auto& where, const auto& text) { value = number<T>(where, text, range); };
  s.toml = [&value] { return write(value); };
  return s;
}

template <class T>
std::string join(const std::vector<T>& values, const char* separator) {
  std::vector<std::string> texts;
  for (const T value : values) texts.push_back(write(value));
  return fmt::format("{}", fmt::join(texts, separator));
}

template <class T>
Setting of_list(const std::string& name, std::vector<T>& value, const std::string& help, Range range) {
  Setting s{.name = name,
            .placeholder = std::is_integral_v<T> ? "N,N,..." : "X,X,...",
            .help = help,
            .fallback = join(value, ",")};
  s.read = [&value, range](const std::string& where, const std::string& text) {
    std::vector<T> read;
    for (size_t start = 0; start < text.size() || (start > 0 && start == text.size());) {
      const size_t comma = std::min(text.find(',', start), text.size());
      read.push_back(number<T>(where, text.substr(start, comma - start), range));
      start = comma + 1;
    }
    value = std::move(read);
  };
  s.toml = [&value] { return "[" + join(value, ", ") + "]"; };
  return s;
}

}  // namespace

Setting make_setting(const std::string& name, bool& value, const std::string& help) {
  Setting s{.name = name, .help = help, .bare = "true"};
  s.read = [&value](const std::string& where, const std::string& text) {
    if (text != "true" && text != "false") fail<UsageError>(where.c_str(), "must be true or false, not \"", text, "\"");
    value = text == "true";
  };
  s.toml = [&value] { return value ? "true" : "false"; };
  return s;
}

Setting make_setting(const std::string& name, int64_t& value, const std::string& help, Range range) {
  return of_number(name, value, help, range);
}

Setting make_setting(const std::string& name, double& value, const std::string& help, Range range) {
  return of_number(name, value, help, range);
}

Setting make_setting(const std::string& name, std::vector<int64_t>& value, const std::string& help, Range range) {
  return of_list(name, value, help, range);
}

Setting make_setting(const std::string& name, std::vector<double>& value, const std::string& help, Range range) {
  return of_list(name, value, help, range);
}

Setting make_setting(const std::string& name, std::string& value, const std::string& help) {
  Setting s{.name = name, .placeholder = "TEXT", .help = help, .fallback = value};
  s.read = [&value](const std::string&, const std::string& text) { value = text; };
  s.toml = [&value] { return toml_quote(value); };
  return s;
}

Setting make_choice(const std::string& name, std::string& value, const std::vector<std::string>& words,
                    const std::string& help) {
  Setting s = make_setting(name, value, help);
  s.words = words;
  const std::string all = s.placeholder = fmt::format("{}", fmt::join(words, "|"));
  s.read = [&value, words, all](const std::string& where, const std::string& text) {
    if (std::find(words.begin(), words.end(), text) == words.end())
      fail<UsageError>(where.c_str(), "must be one of ", all, ", not \"", text, "\". ", did_you_mean(text, words));
    value = text;
  };
  return s;
}

}  // namespace dimwise::app
