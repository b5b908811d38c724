#include "apps/common/report/metrics.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

namespace dimwise::app {

Line read_metric(const std::string& path, const std::string& name, const std::string& label) {
  Line line{.label = label};
  std::ifstream in(path);
  for (std::string text; std::getline(in, text);) {
    const auto j = nlohmann::json::parse(text, nullptr, false);
    if (!j.is_object() || !j.contains(name) || !j[name].is_number()) continue;
    line.x.push_back(j["step"]);
    line.y.push_back(j[name]);
  }
  return line;
}

Line running_median(const Line& line, size_t window) {
  Line smooth = line;
  for (size_t i = 0; i < line.y.size(); ++i) {
    std::vector<double> recent(line.y.begin() + static_cast<std::ptrdiff_t>(i + 1 - std::min(window, i + 1)),
                               line.y.begin() + static_cast<std::ptrdiff_t>(i + 1));
    std::nth_element(recent.begin(), recent.begin() + static_cast<std::ptrdiff_t>(recent.size() / 2), recent.end());
    smooth.y[i] = recent[recent.size() / 2];
  }
  return smooth;
}

}  // namespace dimwise::app
