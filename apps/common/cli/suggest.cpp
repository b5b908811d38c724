#include "apps/common/cli/suggest.hpp"

#include <algorithm>
#include <numeric>

namespace dimwise::app {
namespace {

// Levenshtein's distance, one row of the table at a time.
size_t edits(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  constexpr size_t longest = 64;
  if (word.size() > longest) return "";
  std::string best;
  size_t least = 1 + word.size() / 3;
  for (const auto& candidate : candidates) {
    const size_t distance = edits(word, candidate);
    if (distance > least || (distance == least && !best.empty())) continue;
    least = distance;
    best = candidate;
  }
  return best.empty() ? "" : "Did you mean " + best + "?";
}

}  // namespace dimwise::app
