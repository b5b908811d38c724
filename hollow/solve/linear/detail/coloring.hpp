#pragma once

#include <cstdint>
#include <vector>

namespace dimwise {

/// The entries of a matrix with any number of columns: of row i those in columns[begins[i]] … columns[begins[i + 1] −
/// 1].
struct Entries {
  std::vector<int64_t> begins{0}, columns;
};

/// The smallest color of each column that no column with an entry in the same row has, those with the most neighbors
/// first. Coleman & Moré, Estimation of sparse Jacobian matrices and graph coloring problems (1983). Cost: for each
/// entry, the length of its row.
std::vector<int64_t> color_columns(const Entries& entries, int64_t columns);

/// How many colors there are.
int64_t count_colors(const std::vector<int64_t>& colors);

}  // namespace dimwise
