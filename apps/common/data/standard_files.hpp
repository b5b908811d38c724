#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dimwise::app {

/// A file of a well-known data set; its bytes are known.
struct StandardFile {
  std::string set;      ///< the name by which scripts/fetch-data.sh knows the set
  std::string path;     ///< path in the folder of data
  int64_t bytes = 0;    ///< its size
  std::string sha256;   ///< hexadecimal
  std::string mirrors;  ///< public folders that have it, separated by spaces; empty if there are none

  bool published() const { return !mirrors.empty(); }
};

/// The files of all sets.
const std::vector<StandardFile>& standard_files();

/// The folders of data: $DIMWISE_DATA, if it is set, and ./data.
std::vector<std::string> data_folders();

/// The paths of the files of a set, each in the folder $DIMWISE_DATA or in ./data.
///
/// Throws DataError if a file is missing, with the paths that were tried, the size and the SHA-256 of every file, and
/// the command that fetches them. Throws ValueError for a set that is not in the table.
///
/// Example: `find_standard_files("mnist")[0]` is `data/mnist/train-images-idx3-ubyte.gz`
std::vector<std::string> find_standard_files(const std::string& set);

}  // namespace dimwise::app
