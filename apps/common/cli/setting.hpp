#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace dimwise::app {

/// The interval of a number. Both ends are included; `above_min` excludes the lower one.
struct Range {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool above_min = false;
};
inline constexpr Range any{};
inline constexpr Range not_negative{.min = 0};
inline constexpr Range positive{.min = 0, .above_min = true};
inline constexpr Range at_least_one{.min = 1};

/// One value the user may set, by a flag `--name` or a line `name = value` of a configuration file.
struct Setting {
  std::string name = {};                ///< without dashes
  std::string placeholder = {};         ///< what --help shows for the value, as in `--seed N`
  std::vector<std::string> words = {};  ///< those that it takes, if not any
  std::string help = {};                ///< one sentence with the unit; --help adds the default
  std::string section = {};             ///< heading in --help
  std::string fallback = {};            ///< the default, as --help shows it
  std::string bare = {};                ///< the value of a flag without a value; empty if a value is required
  bool positional = false;              ///< whether the command line also takes it without its flag
  bool saved = true;                    ///< whether config.toml has it
  bool in_checkpoint = true;            ///< whether a checkpoint has it, since the numbers of a run depend on it

  /// For a setting that the numbers of a run do not depend on, such as its length or its folder.
  Setting& not_in_checkpoint() {
    in_checkpoint = false;
    return *this;
  }

  /// Sets the value from text. Throws UsageError naming `where`.
  std::function<void(const std::string& where, const std::string& text)> read = nullptr;
  /// The current value as TOML; numbers keep every digit.
  std::function<std::string()> toml = nullptr;
};

Setting make_setting(const std::string& name, bool& value, const std::string& help);
Setting make_setting(const std::string& name, int64_t& value, const std::string& help, Range range = any);
Setting make_setting(const std::string& name, double& value, const std::string& help, Range range = any);
Setting make_setting(const std::string& name, std::string& value, const std::string& help);
/// A list written `64,64` on the command line and `[64, 64]` in a file.
Setting make_setting(const std::string& name, std::vector<int64_t>& value, const std::string& help, Range range = any);
Setting make_setting(const std::string& name, std::vector<double>& value, const std::string& help, Range range = any);
/// One of several words.
Setting make_choice(const std::string& name, std::string& value, const std::vector<std::string>& words,
                    const std::string& help);
/// One of several values of an enumeration, written as `name(value)`.
template <class E>
requires std::is_enum_v<E> Setting make_choice(const std::string& setting, E& value, const std::vector<E>& values,
                                               const std::string& help) {
  std::vector<std::string> words;
  for (const E v : values) words.emplace_back(name(v));
  const auto word = std::make_shared<std::string>(name(value));
  Setting s = make_choice(setting, *word, words, help);
  s.read = [&value, values, word, read = s.read](const std::string& where, const std::string& text) {
    read(where, text);
    for (const E v : values)
      if (*word == name(v)) value = v;
  };
  s.toml = [&value, word, toml = s.toml] {
    *word = name(value);
    return toml();
  };
  return s;
}

}  // namespace dimwise::app
