#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace dimwise::app {

/// One line `key = value` of a configuration file.
struct ConfigLine {
  std::string key;
  std::string value;  ///< unquoted; the elements of an array joined by commas
  int line;
};

/// Reads TOML without tables: keys with a finite number, true, false, a string, or an array of these; in the order of
/// the lines.
///
/// Throws UsageError naming `file` and the line for anything else, a repeated key, or a file above 1 MiB.
std::vector<ConfigLine> read_config(std::istream& in, const std::string& file);
/// The same by name. Throws UsageError when there is no such file.
std::vector<ConfigLine> read_config(const std::string& file);

/// Text as a TOML string, with what needs it escaped.
std::string toml_quote(const std::string& text);

}  // namespace dimwise::app
