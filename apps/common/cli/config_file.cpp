#include "apps/common/cli/config_file.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/common/cli/exit_code.hpp"

namespace dimwise::app {
namespace {

constexpr size_t largest_file = 1 << 20;

template <class... Parts>
[[noreturn]] void wrong(const std::string& file, const toml::source_region& place, const Parts&... parts) {
  fail<UsageError>(fmt::format("{}:{}", file, place.begin.line).c_str(), parts...);
}

// A number that was written with a point or an exponent keeps a point: 3.0 is not a whole number.
std::string as_text(double x) {
  char digits[32];
  const std::string text(digits, std::to_chars(digits, digits + sizeof digits, x).ptr);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string as_text(const toml::node& node, const std::string& file) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* whole = node.as_integer()) return std::to_string(whole->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  if (const auto* number = node.as_floating_point(); number && std::isfinite(number->get()))
    return as_text(number->get());
  wrong(file, node.source(),
        "has a value that no setting takes. Write a finite number, true, false, a text in quotes, ",
        "or a list of these in brackets.");
}

std::string value_of(const toml::node& node, const std::string& file) {
  const toml::array* array = node.as_array();
  if (!array) return as_text(node, file);
  std::vector<std::string> elements;
  for (const toml::node& element : *array) elements.push_back(as_text(element, file));
  return fmt::format("{}", fmt::join(elements, ","));
}

}  // namespace

std::vector<ConfigLine> read_config(std::istream& in, const std::string& file) {
  std::string text(largest_file + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > largest_file)
    fail<UsageError>(file.c_str(), "is above 1 MiB, so it is no configuration. Give a file of `key = value` lines.");
  std::vector<ConfigLine> lines;
  try {
    for (const auto& [key, node] : toml::parse(text, file)) {
      if (node.is_table())
        wrong(file, node.source(), "has a table, \"", key.str(), "\". Write `key = value` lines only.");
      lines.push_back({std::string(key.str()), value_of(node, file), static_cast<int>(key.source().begin.line)});
    }
  } catch (const toml::parse_error& error) {
    wrong(file, error.source(), "cannot be read: ", error.description(), ". Write `key = value`, with text in quotes.");
  }
  std::sort(lines.begin(), lines.end(), [](const ConfigLine& a, const ConfigLine& b) { return a.line < b.line; });
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
  using Json = nlohmann::json;  // whose strings are strings of TOML, too
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace dimwise::app
