#include "hollow/solve/linear/detail/coloring.hpp"

#include <algorithm>
#include <numeric>

namespace dimwise {

std::vector<int64_t> color_columns(const Entries& entries, int64_t columns) {
  const auto n = static_cast<size_t>(columns);
  // The rows of each column, and an upper bound of the number of its neighbors.
  std::vector<std::vector<size_t>> rows(n);
  std::vector<int64_t> neighbors(n, 0);
  const auto each = [&](size_t row, auto f) {
    for (auto k = static_cast<size_t>(entries.begins[row]); k < static_cast<size_t>(entries.begins[row + 1]); ++k)
      f(static_cast<size_t>(entries.columns[k]));
  };
  for (size_t row = 0; row + 1 < entries.begins.size(); ++row)
    each(row, [&](size_t column) {
      rows[column].push_back(row);
      neighbors[column] += entries.begins[row + 1] - entries.begins[row] - 1;
    });
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return neighbors[a] > neighbors[b]; });

  std::vector<int64_t> colors(n, -1);
  std::vector<size_t> taken_by;  // for each color, 1 + the column that last found it taken
  for (const size_t column : order) {
    for (const size_t row : rows[column])
      each(row, [&](size_t other) {
        if (colors[other] >= 0) taken_by[static_cast<size_t>(colors[other])] = column + 1;
      });
    const auto free = std::find_if(taken_by.begin(), taken_by.end(), [&](size_t by) { return by != column + 1; });
    colors[column] = free - taken_by.begin();
    if (free == taken_by.end()) taken_by.push_back(0);
  }
  return colors;
}

int64_t count_colors(const std::vector<int64_t>& colors) {
  return colors.empty() ? 0 : 1 + *std::max_element(colors.begin(), colors.end());
}

}  // namespace dimwise
