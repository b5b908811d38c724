#include "hollow/solve/linear/sparsity_pattern.hpp"

#include <algorithm>
#include <mutex>

#include "autodiff/base/error.hpp"
#include "hollow/solve/linear/detail/coloring.hpp"

namespace dimwise {

struct SparsityPattern::Data::Colors {
  std::once_flag of_columns, of_rows;
  std::vector<int64_t> columns, rows;
};

std::shared_ptr<const SparsityPattern::Data> SparsityPattern::make(int64_t n, std::vector<int64_t> begins,
                                                                   std::vector<int64_t> columns) {
  auto data = std::make_shared<Data>();
  for (int64_t i = 0; i < n; ++i)
    for (int64_t k = begins[static_cast<size_t>(i)]; k < begins[static_cast<size_t>(i) + 1]; ++k) {
      data->lower = std::max(data->lower, i - columns[static_cast<size_t>(k)]);
      data->upper = std::max(data->upper, columns[static_cast<size_t>(k)] - i);
    }
  data->n = n;
  data->begins = std::move(begins);
  data->columns = std::move(columns);
  data->colors = std::make_shared<Data::Colors>();
  return data;
}

SparsityPattern::SparsityPattern(int64_t n, const std::vector<int64_t>& rows, const std::vector<int64_t>& columns) {
  if (n < 1) fail<ValueError>("sparsity_pattern", "n = ", n, ". Give at least 1.");
  if (rows.size() != columns.size())
    fail<ValueError>("sparsity_pattern", "there are ", rows.size(), " rows and ", columns.size(),
                     " columns. Give one of each for every entry.");
  std::vector<std::vector<int64_t>> of(static_cast<size_t>(n));
  for (size_t k = 0; k < rows.size(); ++k) {
    if (rows[k] < 0 || rows[k] >= n || columns[k] < 0 || columns[k] >= n)
      fail<ValueError>("sparsity_pattern", "entry (", rows[k], ", ", columns[k], ") is outside of the ", n, " × ", n,
                       " matrix. Indices begin at 0.");
    of[static_cast<size_t>(rows[k])].push_back(columns[k]);
  }
  std::vector<int64_t> begins{0}, all;
  for (std::vector<int64_t>& row : of) {
    std::sort(row.begin(), row.end());
    row.erase(std::unique(row.begin(), row.end()), row.end());
    all.insert(all.end(), row.begin(), row.end());
    begins.push_back(static_cast<int64_t>(all.size()));
  }
  data_ = make(n, std::move(begins), std::move(all));
}

SparsityPattern SparsityPattern::banded(int64_t n, int64_t lower, int64_t upper) {
  if (lower < 0 || upper < 0)
    fail<ValueError>("sparsity_pattern", "a band of ", lower, " below and ", upper,
                     " above the diagonal. Widths are not negative.");
  std::vector<int64_t> rows, columns;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = std::max<int64_t>(0, i - lower); j <= std::min(n - 1, i + upper); ++j) {
      rows.push_back(i);
      columns.push_back(j);
    }
  return {n, rows, columns};
}

bool SparsityPattern::contains(int64_t row, int64_t column) const {
  const auto begin = columns().begin() + begins()[static_cast<size_t>(row)],
             end = columns().begin() + begins()[static_cast<size_t>(row) + 1];
  return std::binary_search(begin, end, column);
}

std::vector<int64_t> SparsityPattern::rows() const {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < size(); ++i)
    rows.insert(rows.end(),
                static_cast<size_t>(begins()[static_cast<size_t>(i) + 1] - begins()[static_cast<size_t>(i)]), i);
  return rows;
}

SparsityPattern SparsityPattern::transposed() const { return {size(), columns(), rows()}; }

const std::vector<int64_t>& SparsityPattern::column_colors() const {
  Data::Colors& colors = *data_->colors;
  std::call_once(colors.of_columns, [&] { colors.columns = color_columns({begins(), columns()}, size()); });
  return colors.columns;
}

const std::vector<int64_t>& SparsityPattern::row_colors() const {
  Data::Colors& colors = *data_->colors;
  std::call_once(colors.of_rows, [&] { colors.rows = transposed().column_colors(); });
  return colors.rows;
}

}  // namespace dimwise
