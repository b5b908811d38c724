#include "apps/common/report/mean.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace dimwise::app {

Mean mean_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double v : values) sum += v;
  const double mean = sum / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, n > 1 ? std::sqrt(squares / (n - 1) / n) : 0, static_cast<int64_t>(values.size())};
}

std::string with_error(const Mean& m, int digits) {
  return fmt::format("{:.{}f} +- {:.{}f}", m.mean, digits, m.standard_error, digits);
}

std::string signed_with_error(const Mean& m, int digits) {
  return (std::signbit(m.mean) ? "" : "+") + with_error(m, digits);
}

double median(std::vector<double> values) {
  if (values.empty()) return std::nan("");
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace dimwise::app
