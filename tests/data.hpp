#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/catch.hpp"

namespace dimwise {

/// Whether a test case was skipped. The program then returns `skip_return_code` instead of 0, and ctest counts it as
/// skipped.
inline bool any_skipped = false;
constexpr int skip_return_code = 77;

/// Says why a test case cannot run here. The case returns after it.
inline void skip(const std::string& why) {
  any_skipped = true;
  WARN("skipped: " << why);
}

/// The path of a file or folder of tests/data.
inline std::string test_data(const std::string& name) { return DIMWISE_SOURCE_DIR "/tests/data/" + name; }

/// The path of a file or folder of an optional data set in $DIMWISE_DATA. If it is not there it is "", and the case is
/// skipped.
inline std::string optional_data(const std::string& name) {
  const char* folder = std::getenv("DIMWISE_DATA");
  const std::string path = std::string(folder ? folder : "") + "/" + name;
  if (folder && std::filesystem::exists(path)) return path;
  skip("$DIMWISE_DATA has no " + name);
  return "";
}

}  // namespace dimwise
