#include "apps/common/data/standard_files.hpp"

#include <fmt/core.h>

#include <cstdlib>
#include <filesystem>

#include "autodiff/base/error.hpp"

namespace dimwise::app {

namespace {

[[noreturn]] void missing(const std::string& set, const std::vector<StandardFile>& files, const std::string& tried) {
  std::string expected;
  for (const StandardFile& f : files)
    expected += fmt::format("\n  {}, {} bytes, SHA-256 {}", f.path, f.bytes, f.sha256);
  const std::string command = "scripts/fetch-data.sh " + set;
  fail<DataError>("data", "files of ", set, " are missing. Tried:", tried, "\nExpected, below the folder that ",
                  "DIMWISE_DATA names or below ./data:", expected, "\nTo fetch them, run ",
                  files.front().published() ? command + "; or, from a folder DIR that has them, "
                                            : "(no public address has them; DIR is a folder that does) ",
                  command, " --from DIR");
}

}  // namespace

const std::vector<StandardFile>& standard_files() {
  static const std::vector<StandardFile> files = {
#include "apps/common/data/standard_files.inc"
  };
  return files;
}

std::vector<std::string> data_folders() {
  std::vector<std::string> folders;
  if (const char* folder = std::getenv("DIMWISE_DATA")) folders.push_back(folder);
  folders.push_back("data");
  return folders;
}

std::vector<std::string> find_standard_files(const std::string& set) {
  const std::vector<std::string> folders = data_folders();
  std::vector<StandardFile> files;
  std::vector<std::string> found;
  std::string tried;
  for (const StandardFile& file : standard_files()) {
    if (file.set != set) continue;
    files.push_back(file);
    std::string paths;
    bool there = false;
    for (size_t i = 0; i < folders.size() && !there; ++i) {
      const std::string path = folders[i] + "/" + file.path;
      there = std::filesystem::is_regular_file(path);
      if (there) found.push_back(path);
      paths += "\n  " + path;
    }
    if (!there) tried += paths;
  }
  if (files.empty()) fail<ValueError>("data", "there is no standard set '", set, "'.");
  if (found.size() < files.size()) missing(set, files, tried);
  return found;
}

}  // namespace dimwise::app
