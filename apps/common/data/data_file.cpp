#include "apps/common/data/data_file.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "autodiff/base/error.hpp"

namespace dimwise::app {

std::string find_data_file(const std::string& name, const std::string& kind, const std::vector<std::string>& built_in,
                           const std::string& files) {
  std::vector<std::string> tried{name};
  if (const char* folder = std::getenv("DIMWISE_DATA")) tried.push_back(std::string(folder) + "/" + name);
  for (const std::string& path : tried)
    if (std::filesystem::is_regular_file(path)) return path;
  if (built_in.empty())
    fail<DataError>("data",
                    fmt::format("there is no file '{}'. Tried: {}. Give {}.", name, fmt::join(tried, ", "), files));
  fail<DataError>("data", fmt::format("there is no {} and no file '{}'. Tried: {}. Built in: {}; or give {}.", kind,
                                      name, fmt::join(tried, ", "), fmt::join(built_in, ", "), files));
}

}  // namespace dimwise::app
