#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dimwise::app {

/// A file that a data set consists of.
struct ExpectedFile {
  std::string name;
  int64_t bytes = 0;   ///< 0 where any size is right
  std::string sha256;  ///< empty where any content is right
};

/// Throws the DataError of a data set that is not there: where it was looked for, what it consists of, how to get it.
///
/// `fetch` is a command for the shell, or what else the user should do.
[[noreturn]] void missing_data(const std::string& data_set, const std::vector<std::string>& tried,
                               const std::vector<ExpectedFile>& files, const std::string& fetch);

}  // namespace dimwise::app
