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

std::vector<double> median_filter(const std::vector<double>& values, size_t before, size_t after) {
  std::vector<double> result;
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t first = i - std::min(before, i), last = std::min(values.size(), i + after + 1);
    std::vector<double> near(values.begin() + static_cast<std::ptrdiff_t>(first),
                             values.begin() + static_cast<std::ptrdiff_t>(last));
    const auto middle = near.begin() + static_cast<std::ptrdiff_t>(near.size() / 2);
    std::nth_element(near.begin(), middle, near.end());
    result.push_back(*middle);
  }
  return result;
}

Line running_median(const Line& line, size_t window) {
  Line smooth = line;
  smooth.y = median_filter(line.y, window - 1, 0);
  return smooth;
}

}  // namespace dimwise::app
