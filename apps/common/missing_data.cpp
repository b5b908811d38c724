#include "apps/common/missing_data.hpp"

#include "autodiff/error.hpp"

namespace dimwise::app {

void missing_data(const std::string& data_set, const std::vector<std::string>& tried,
                  const std::vector<ExpectedFile>& files, const std::string& fetch) {
  std::ostringstream text;
  text << "the data set " << data_set << " is not here.\n  looked in:";
  for (const auto& path : tried) text << "\n    " << path;
  text << "\n  expected files:";
  for (const auto& file : files) {
    text << "\n    " << file.name;
    if (file.bytes > 0) text << ", " << file.bytes << " bytes";
    if (!file.sha256.empty()) text << ", SHA-256 " << file.sha256;
  }
  text << "\n  to get them:\n    " << fetch;
  fail<DataError>("data", text.str());
}

}  // namespace dimwise::app
