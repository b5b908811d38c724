#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dimwise::app {

/// A file of a well-known data set, byte for byte the same for everyone.
struct StandardFile {
  std::string set;     ///< the name by which --data knows the set
  std::string path;    ///< below the folder of data
  int64_t bytes = 0;   ///< its size
  std::string sha256;  ///< in hexadecimal
  bool published;      ///< whether public addresses have it, so that scripts/fetch-data.sh downloads it
};

/// The files of all sets.
const std::vector<StandardFile>& standard_files();

/// Where the files of a set are: each in the folder that DIMWISE_DATA names, else in `data` below the current folder.
///
/// Throws DataError unless all are there, telling the paths tried, every file's size and SHA-256, and the command that
/// fetches them. Throws ValueError for a set that is not in the table.
///
/// Example: `find_standard_files("mnist")[0]` is `data/mnist/train-images-idx3-ubyte.gz`
std::vector<std::string> find_standard_files(const std::string& set);

}  // namespace dimwise::app
