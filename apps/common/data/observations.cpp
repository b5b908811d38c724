#include "apps/common/data/observations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "apps/common/cli/exit_code.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise::app {

namespace {

using Names = std::vector<std::string>;

void check_one_group(const std::vector<int64_t>& group, size_t a, size_t b, const std::string& path) {
  if (!group.empty() && group[a] != group[b])
    fail<DataError>("data", path, ": rows ", a + 1, " and ", b + 1,
                    " are of one path but of two groups. A path has one initial law.");
}

// The rows of each path, cut into windows.
Observations windows(const Roles& roles, Tensor x, const ReadOptions& options, const std::string& path) {
  if (options.window < 2) fail<UsageError>("--window", "must be at least 2 rows, not ", options.window, '.');
  const std::vector<int64_t>& series = roles.path.empty() ? roles.group : roles.path;
  std::map<int64_t, std::vector<int64_t>> rows;
  for (int64_t i = 0; i < x.dim(0); ++i) rows[series.empty() ? 0 : series[static_cast<size_t>(i)]].push_back(i);
  Observations all{roles.components, {}, {}, {}, std::move(x), roles.remarks, roles.dialect};
  std::vector<int64_t> used;
  int64_t n = 0;
  for (const auto& [number, own] : rows) {
    for (size_t i = 1; i < own.size(); ++i) {
      const auto before = static_cast<size_t>(own[i - 1]), at = static_cast<size_t>(own[i]);
      if (!roles.t.empty() && roles.t[at] < roles.t[before])
        fail<DataError>("data", path, ": rows ", before + 1, " and ", at + 1,
                        " are not in the order of time, but --window takes rows in their order. Sort the file.");
      check_one_group(roles.group, before, at, path);
    }
    const int64_t whole = static_cast<int64_t>(own.size()) / options.window;
    for (int64_t i = 0; i < whole * options.window; ++i) {
      used.push_back(own[static_cast<size_t>(i)]);
      all.t.push_back(static_cast<double>(i % options.window) * options.interval);
      all.path.push_back(n + i / options.window);
      all.group.push_back(roles.group.empty() ? 0 : roles.group[static_cast<size_t>(used.back())]);
    }
    n += whole;
  }
  const int64_t size = all.x.dim(0);
  if (n < 2)
    fail<DataError>("data", path, " is too short for two windows of ", options.window, " rows: it has ", size,
                    rows.size() > 1 ? fmt::format(" in {} paths", rows.size()) : "", '.');
  all.x = index_select(all.x, 0, used);
  const auto rest = size - static_cast<int64_t>(used.size());
  all.remarks.push_back(
      fmt::format("cut into {} windows of {} rows{}, each starting at t = 0{}", n, options.window,
                  rows.size() > 1 ? fmt::format(" within {} paths", rows.size()) : "",
                  rest > 0 ? fmt::format("; dropped rows at the end, which fill no window: {}", rest) : ""));
  if (!roles.t.empty())
    all.remarks.push_back(fmt::format("the time is not used: rows of a series are {} apart", options.interval));
  return all;
}

// The rows in the order of path and time, without duplicates.
Observations sorted(Observations all, const std::string& path) {
  const Tensor x = all.x;
  const std::vector<double> values = x.values();
  const auto d = x.dim(1);
  const auto same = [&](int64_t a, int64_t b) {
    return std::equal(values.begin() + a * d, values.begin() + (a + 1) * d, values.begin() + b * d);
  };
  const auto key = [&](int64_t i) {
    return std::pair(all.path[static_cast<size_t>(i)], all.t[static_cast<size_t>(i)]);
  };
  std::vector<int64_t> order(all.t.size()), kept;
  std::iota(order.begin(), order.end(), 0);
  const bool ordered =
      std::is_sorted(order.begin(), order.end(), [&](int64_t a, int64_t b) { return key(a) < key(b); });
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return key(a) < key(b); });
  for (const int64_t i : order) {
    if (!kept.empty() && key(kept.back()).first == key(i).first)
      check_one_group(all.group, static_cast<size_t>(kept.back()), static_cast<size_t>(i), path);
    if (!kept.empty() && key(kept.back()) == key(i)) {
      if (!same(kept.back(), i))
        fail<DataError>("data", path, ": rows ", kept.back() + 1, " and ", i + 1,
                        " are two observations of one path at t = ", key(i).second,
                        ". A path has one state at a time: number the paths in a column path.");
      continue;
    }
    kept.push_back(i);
  }
  Observations result = subset(all, kept);
  if (!ordered) result.remarks.emplace_back("unordered rows were sorted by path and time");
  if (kept.size() < order.size())
    result.remarks.push_back(fmt::format("dropped duplicate rows: {}", order.size() - kept.size()));
  return result;
}

}  // namespace

int64_t Observations::groups() const { return group.empty() ? 0 : *std::max_element(group.begin(), group.end()) + 1; }

int64_t Observations::paths() const {
  int64_t n = 0;
  for (size_t i = 0; i < path.size(); ++i) n += i == 0 || path[i] != path[i - 1];
  return n;
}

Observations read_observations(const std::string& path, const ReadOptions& options) {
  Roles roles = read_roles(path, options.table, options.roles, options.window > 0);
  Tensor x = roles.x;
  if (x.dim(0) == 0) fail<DataError>("data", path, " has no rows.");
  if (options.window == 0 && roles.t.empty())
    fail<DataError>("data", path, " has columns ", roles.columns, ", none of which is the time. Name it by --time",
                    options.deterministic ? "." : ", or give --window if the rows are series at equal intervals.");
  for (size_t i = 0; i < roles.components.size(); ++i) {
    const std::vector<double> values = select(x, 1, static_cast<int64_t>(i)).values();
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (*low == *high)
      fail<DataError>("data", path, ": column ", roles.components[i], " is constant, ", *low,
                      ". It has no dynamics to learn: leave it out by --drop ", roles.components[i], '.');
    if (options.logarithm && !(*low > 0))
      fail<DataError>("data", path, ": row ", low - values.begin() + 1, ", column ", roles.components[i], " is ", *low,
                      ", which has no logarithm. Use --transform none.");
  }
  if (options.deterministic && !roles.group.empty()) {
    roles.group.clear();
    roles.remarks.emplace_back("the column of groups is not used: all paths have the same equation");
  }
  if (options.logarithm) x = log(x);
  if (options.window > 0) return windows(roles, x, options, path);
  Observations all{roles.components, roles.t,       roles.path,       roles.group, x,
                   roles.remarks,    roles.dialect, roles.path_labels};
  if (all.path.empty() && options.deterministic) {
    all.path.resize(all.t.size());
    all.remarks.emplace_back("there is no column path, so all rows are one path");
  } else if (all.path.empty()) {
    all.path.resize(all.t.size());
    std::iota(all.path.begin(), all.path.end(), 0);
    all.remarks.emplace_back("there is no column path, so each row is a separate path");
  }
  if (all.group.empty()) all.group.resize(all.t.size());
  const auto [first, last] = std::minmax_element(all.t.begin(), all.t.end());
  if (*first == *last)
    fail<DataError>("data", path, ": all observations are at t = ", *first,
                    ". Give several times: the equation is learned from changes over time.");
  return sorted(std::move(all), path);
}

Observations subset(const Observations& all, const std::vector<int64_t>& rows) {
  Observations part{all.columns, {}, {}, {}, index_select(all.x, 0, rows), all.remarks, all.dialect, all.path_labels};
  for (const int64_t i : rows) {
    const auto at = static_cast<size_t>(i);
    part.t.push_back(all.t[at]);
    part.path.push_back(all.path[at]);
    part.group.push_back(all.group[at]);
  }
  return part;
}

Observations spread_rows(const Observations& all, int64_t most) {
  const int64_t n = std::min(all.size(), most), every = all.size() / n;
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < n; ++i) rows.push_back(i * every);
  return subset(all, rows);
}

Observations thin(const Observations& all, double share, const Rng& rng) {
  std::vector<int64_t> kept = rng.permutation(all.size());
  kept.resize(static_cast<size_t>(std::max<int64_t>(1, std::llround(share * static_cast<double>(all.size())))));
  std::sort(kept.begin(), kept.end());
  return subset(all, kept);
}

Observations resample(const Observations& all, const Rng& rng) {
  std::map<int64_t, std::vector<std::vector<int64_t>>> paths;  // by group: the rows of each
  for (int64_t i = 0; i < all.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    auto& own = paths[all.group[at]];
    if (i == 0 || all.path[at] != all.path[at - 1]) own.emplace_back();
    own.back().push_back(i);
  }
  std::vector<int64_t> rows, numbers;
  int64_t number = 0;
  for (const auto& [group, own] : paths)
    for (const int64_t drawn : rng.split(static_cast<uint64_t>(group))
                                   .integers(static_cast<int64_t>(own.size()), static_cast<int64_t>(own.size()))) {
      const auto& path = own[static_cast<size_t>(drawn)];
      rows.insert(rows.end(), path.begin(), path.end());
      numbers.insert(numbers.end(), path.size(), number++);
    }
  Observations sample = subset(all, rows);
  sample.path = std::move(numbers);
  return sample;
}

HeldOut hold_out(const Observations& all, double share, bool chronological, const Rng& rng) {
  const int64_t n = *std::max_element(all.path.begin(), all.path.end()) + 1;
  const auto held = static_cast<int64_t>(std::llround(share * static_cast<double>(n)));
  if (held < 1 || held >= n)
    fail<DataError>("data", "the number of paths is ", n, ", and a test share of ", share,
                    " leaves none for training or none for the test. Give more paths, or another --test-share.");
  std::vector<int64_t> order = rng.permutation(n);
  if (chronological) {
    std::iota(order.begin(), order.end(), 0);
    std::reverse(order.begin(), order.end());
  }
  std::vector<bool> out(static_cast<size_t>(n));
  for (int64_t i = 0; i < held; ++i) out[static_cast<size_t>(order[static_cast<size_t>(i)])] = true;
  std::vector<int64_t> train, test;
  for (int64_t i = 0; i < all.size(); ++i)
    (out[static_cast<size_t>(all.path[static_cast<size_t>(i)])] ? test : train).push_back(i);
  return {subset(all, train), subset(all, test)};
}

Pairs pairs(const Observations& all) {
  Pairs result;
  for (int64_t i = 0; i + 1 < all.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    if (all.path[at] != all.path[at + 1] || !(all.t[at] < all.t[at + 1])) continue;
    result.from.push_back(i);
    result.to.push_back(i + 1);
  }
  return result;
}

}  // namespace dimwise::app
