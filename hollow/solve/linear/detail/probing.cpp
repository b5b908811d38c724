#include "hollow/solve/linear/detail/probing.hpp"

#include <algorithm>

#include "autodiff/base/rng.hpp"
#include "autodiff/node.hpp"
#include "hollow/solve/linear/detail/coloring.hpp"

namespace dimwise {

namespace {

constexpr int64_t first_blocks = 16;

// Whether each component differs from 0 in any row of a batch, or is not a number.
std::vector<bool> nonzero(const Tensor& x) {
  const auto n = static_cast<size_t>(x.dim(-1));
  std::vector<bool> any(n, false);
  dispatch(x.dtype(), [&](auto t) {
    const auto values = x.data<decltype(t)>();
    for (size_t i = 0; i < values.size(); ++i)
      if (values[i] != 0) any[i % n] = true;
  });
  return any;
}

// The entries of rows of blocks. Equal neighbors, as most are, need to be colored only once.
Entries distinct(const std::vector<std::vector<int64_t>>& rows) {
  Entries entries;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i > 0 && rows[i] == rows[i - 1]) continue;
    entries.columns.insert(entries.columns.end(), rows[i].begin(), rows[i].end());
    entries.begins.push_back(static_cast<int64_t>(entries.columns.size()));
  }
  return entries;
}

}  // namespace

std::optional<SparsityPattern> probe_pattern(const Function& product, const Tensor& like, int64_t most) {
  const int64_t n = like.dim(-1);
  const auto rows = static_cast<size_t>(n);
  const std::vector<double> random = Rng(0).uniform({n}, DType::float64).values();
  int64_t length = 1;
  while (length * first_blocks < n) length *= 2;
  int64_t blocks = (n + length - 1) / length;
  std::vector<int64_t> all;
  for (int64_t block = 0; block < blocks; ++block) all.push_back(block);
  std::vector<std::vector<int64_t>> candidates(rows, all);
  while (true) {
    const std::vector<int64_t> colors = color_columns(distinct(candidates), blocks);
    const int64_t needed = count_colors(colors);
    if (needed > std::max(most, first_blocks)) return std::nullopt;
    std::vector<std::vector<bool>> hit;
    for (int64_t color = 0; color < needed; ++color) {
      std::vector<double> seed(rows, 0);
      for (size_t j = 0; j < rows; ++j)
        if (colors[j / static_cast<size_t>(length)] == color) seed[j] = 0.5 + 0.5 * random[j];
      hit.push_back(nonzero(product(tensor(seed, like.dtype()))));
    }
    for (size_t i = 0; i < rows; ++i)
      std::erase_if(candidates[i],
                    [&](int64_t block) { return !hit[static_cast<size_t>(colors[static_cast<size_t>(block)])][i]; });
    if (length == 1) break;
    length /= 2;
    blocks = (n + length - 1) / length;
    for (std::vector<int64_t>& row : candidates) {
      std::vector<int64_t> halves;
      for (const int64_t block : row)
        for (int64_t half = 2 * block; half < std::min(2 * block + 2, blocks); ++half) halves.push_back(half);
      row = std::move(halves);
    }
  }
  std::vector<int64_t> i, j;
  for (size_t row = 0; row < rows; ++row) {
    i.insert(i.end(), candidates[row].size(), static_cast<int64_t>(row));
    j.insert(j.end(), candidates[row].begin(), candidates[row].end());
  }
  return SparsityPattern(n, i, j);
}

}  // namespace dimwise
