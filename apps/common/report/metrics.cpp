#include "apps/common/report/metrics.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/common/report/mean.hpp"
#include "autodiff/base/error.hpp"

namespace dimwise::app {

std::vector<nlohmann::json> read_metrics(const std::string& path) {
  std::vector<nlohmann::json> lines;
  std::ifstream in(path);
  for (std::string text; std::getline(in, text);) {
    nlohmann::json line = nlohmann::json::parse(text, nullptr, false);
    const bool whole = line.is_object() && line.contains("step") && line["step"].is_number();
    if (!whole && in.eof()) break;
    if (!whole)
      fail<DataError>("metrics", path, ": line ", lines.size() + 1, " is damaged: \"", text.substr(0, 60),
                      "\". Each line is a JSON object with a number \"step\". Delete the line.");
    lines.push_back(std::move(line));
  }
  return lines;
}

Line read_metric(const std::string& path, const std::string& name, const std::string& label) {
  Line line{.label = label};
  for (const nlohmann::json& at : read_metrics(path)) {
    const auto value = at.find(name);
    if (value == at.end() || !value->is_number()) continue;
    line.x.push_back(at["step"]);
    line.y.push_back(*value);
  }
  return line;
}

std::vector<double> median_filter(const std::vector<double>& values, size_t before, size_t after) {
  std::vector<double> result;
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t first = i - std::min(before, i), last = std::min(values.size(), i + after + 1);
    result.push_back(median(
        {values.begin() + static_cast<std::ptrdiff_t>(first), values.begin() + static_cast<std::ptrdiff_t>(last)}));
  }
  return result;
}

Line running_median(const Line& line, size_t window) {
  Line smooth = line;
  smooth.y = median_filter(line.y, window - 1, 0);
  return smooth;
}

}  // namespace dimwise::app
