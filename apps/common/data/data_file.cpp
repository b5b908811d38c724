#include "apps/common/data/data_file.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "apps/common/data/standard_files.hpp"
#include "autodiff/base/error.hpp"

namespace dimwise::app {

std::string find_data_file(const std::string& name, const std::string& kind, const std::vector<std::string>& built_in,
                           const std::string& files) {
  std::vector<std::string> tried{name};
  if (const char* folder = std::getenv("DIMWISE_DATA")) tried.push_back(std::string(folder) + "/" + name);
  std::string fetched;
  for (const StandardFile& file : standard_files()) {
    if (std::filesystem::path(file.path).filename() != name) continue;
    for (const std::string& folder : data_folders()) tried.push_back(folder + "/" + file.path);
    fetched = " To fetch it, run scripts/fetch-data.sh " + file.set + (file.published() ? "." : " --from DIR.");
  }
  for (const std::string& path : tried)
    if (std::filesystem::is_regular_file(path)) return path;
  const std::string paths = fmt::format("Tried: {}.", fmt::join(tried, ", "));
  if (built_in.empty())
    fail<DataError>("data", fmt::format("there is no file '{}'. {} Give {}.{}", name, paths, files, fetched));
  fail<DataError>("data", fmt::format("there is no {} and no file '{}'. {} Built in: {}; or give {}.{}", kind, name,
                                      paths, fmt::join(built_in, ", "), files, fetched));
}

}  // namespace dimwise::app
