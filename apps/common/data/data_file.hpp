#pragma once

#include <string>
#include <vector>

namespace dimwise::app {

/// The path of a data file: `name` itself, `name` in the folder $DIMWISE_DATA, or the standard file of this name.
///
/// Throws DataError with the paths that were tried, the names of the built-in data (each is a `kind`; there may
/// be none), and the files that can be given (`files`).
///
/// Example: `find_data_file("moon", "density", {"moons"}, "a .csv of rows of numbers")`
std::string find_data_file(const std::string& name, const std::string& kind, const std::vector<std::string>& built_in,
                           const std::string& files);

}  // namespace dimwise::app
