#pragma once

#include <string>
#include <vector>

namespace dimwise::app {

/// The path of a data file: `name` as it stands, else in the folder that DIMWISE_DATA names.
///
/// Throws DataError telling the paths tried, the names of what is built in, each a `kind`, and what else to give
/// (`files`).
///
/// Example: `find_data_file("moon", "density", {"moons"}, "a .csv of rows of numbers")`
std::string find_data_file(const std::string& name, const std::string& kind, const std::vector<std::string>& built_in,
                           const std::string& files);

}  // namespace dimwise::app
