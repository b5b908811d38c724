#pragma once
// The plain values of a model, such as an activation or an end time, as texts for its file.

#include <map>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "autodiff/base/error.hpp"
#include "ops/conv.hpp"

namespace dimwise::detail {

/// Texts by the composed names of the members.
using Settings = std::map<std::string, std::string>;

template <class T>
inline constexpr bool is_stored =
    std::is_same_v<T, bool> || std::is_same_v<T, int64_t> || std::is_same_v<T, double> ||
    std::is_same_v<T, std::string> || std::is_same_v<T, std::vector<int64_t>> ||
    std::is_same_v<T, std::vector<double>> || std::is_same_v<T, std::vector<std::string>> ||
    std::is_same_v<T, std::vector<std::vector<int64_t>>>;
template <class T>
inline constexpr bool is_plain =
    is_stored<T> || std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, Size2d>;

/// A value as JSON, and back, for the types of `is_stored`. Throws CheckpointError for another text.
template <class T>
std::string to_json(const T& value);
template <class T>
T from_json(const std::string& name, const std::string& text);

[[noreturn]] void wrong_setting(const std::string& name, const std::string& text);

/// The same for all plain values. An enumeration E needs `const char* name(E)` and `void parse_name(const std::string&,
/// E&)` in its namespace.
template <class T>
std::string setting_text(const T& value) {
  if constexpr (is_stored<T>)
    return to_json(value);
  else if constexpr (std::is_enum_v<T>)
    return to_json<std::string>(name(value));
  else if constexpr (std::is_same_v<T, Size2d>)
    return to_json(std::vector<int64_t>{value.h, value.w});
  else
    return to_json(static_cast<std::conditional_t<std::is_integral_v<T>, int64_t, double>>(value));
}
/// Throws CheckpointError for a text that `setting_text` does not write for this type.
template <class T>
void parse_setting(const std::string& name, const std::string& text, T& value) {
  if constexpr (is_stored<T>) {
    value = from_json<T>(name, text);
  } else if constexpr (std::is_enum_v<T>) {
    try {
      parse_name(from_json<std::string>(name, text), value);
    } catch (const ValueError&) {
      wrong_setting(name, text);
    }
  } else if constexpr (std::is_same_v<T, Size2d>) {
    auto sizes = from_json<std::vector<int64_t>>(name, text);
    sizes.resize(2);
    value = {sizes[0], sizes[1]};
  } else {
    value = static_cast<T>(from_json<std::conditional_t<std::is_integral_v<T>, int64_t, double>>(name, text));
  }
  if (setting_text(value) != text) wrong_setting(name, text);
}

/// The name of a type, as in the source: dimwise::Planar.
std::string type_name(const std::type_info& type);

/// Throws CheckpointError if the settings of a file are not those of a model. A setting that only one of them has is
/// ignored unless `strict`. A file without settings is accepted, with a line on stderr.
void compare_settings(const std::string& path, const Settings& saved, const Settings& model, bool strict);

/// Metadata of a file and the settings in it, under `setting.NAME`.
void add_settings(std::map<std::string, std::string>& metadata, const Settings& settings);
Settings take_settings(std::map<std::string, std::string>& metadata);

}  // namespace dimwise::detail
