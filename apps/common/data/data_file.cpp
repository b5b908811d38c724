#include "apps/common/data/data_file.hpp"

#include <cstdlib>
#include <filesystem>

#include "autodiff/base/error.hpp"

namespace dimwise::app {

namespace {

std::string listed(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

}  // namespace

std::string find_data_file(const std::string& name, const std::string& kind, const std::vector<std::string>& built_in,
                           const std::string& files) {
  std::vector<std::string> tried{name};
  if (const char* folder = std::getenv("DIMWISE_DATA")) tried.push_back(std::string(folder) + "/" + name);
  for (const std::string& path : tried)
    if (std::filesystem::is_regular_file(path)) return path;
  fail<DataError>("data", "there is no ", kind, " and no file '", name, "'. Tried: ", listed(tried),
                  ". Built in: ", listed(built_in), "; or give ", files, ".");
}

}  // namespace dimwise::app
