#include "apps/common/plot/places.hpp"

#include <algorithm>

namespace dimwise::app {

Limits span(std::vector<double> values, double margin) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
  };
  const double low = at(0.002), high = at(0.998), more = margin * (high - low) + 1e-9;
  return {low - more, high + more};
}

std::vector<double> centers(const Limits& limits, int64_t n) {
  std::vector<double> places;
  for (int64_t i = 0; i < n; ++i)
    places.push_back(limits.low + (limits.high - limits.low) * (static_cast<double>(i) + 0.5) / static_cast<double>(n));
  return places;
}

std::vector<double> linspace(const Limits& limits, int64_t n) {
  std::vector<double> places;
  for (int64_t i = 0; i < n; ++i)
    places.push_back(n == 1 ? 0.5 * (limits.low + limits.high)
                            : limits.low +
                                  (limits.high - limits.low) * static_cast<double>(i) / static_cast<double>(n - 1));
  return places;
}

Tensor grid_points(const std::vector<double>& x, const std::vector<double>& y) {
  std::vector<double> points;
  for (const double v : y)
    for (const double u : x) {
      points.push_back(u);
      points.push_back(v);
    }
  return tensor(points, {static_cast<int64_t>(x.size() * y.size()), 2}, DType::float64);
}

}  // namespace dimwise::app
