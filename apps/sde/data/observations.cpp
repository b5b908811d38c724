#include "apps/sde/data/observations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "apps/common/cli/exit_code.hpp"
#include "nn/io/csv.hpp"
#include "nn/io/npy.hpp"
#include "nn/io/npz.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::sde {

namespace {

using Names = std::vector<std::string>;

std::string listed(const Names& names) { return fmt::format("{}", fmt::join(names, ", ")); }

// The contents of a file as one matrix with named columns.
struct Table {
  std::string path;
  Names names;
  Tensor values;
  Names left_out = {};

  // The names of its columns and of the dropped ones.
  std::string contents() const {
    return listed(names) + (left_out.empty() ? "" : " (and, dropped as text or row numbers, " + listed(left_out) + ")");
  }
  std::optional<Tensor> find(const std::string& name) const {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) return {};
    return select(values, 1, at - names.begin());
  }
  Tensor column(const std::string& name) const {
    if (auto found = find(name)) return *found;
    fail<DataError>("data", path, " has no column ", name, ", only ", contents(), '.');
  }
};

Names numbered(const std::string& stem, int64_t n) {
  Names names;
  for (int64_t i = 1; i <= n; ++i) names.push_back(stem + std::to_string(i));
  return names;
}

Table from_npz(const std::string& path) {
  const auto arrays = load_npz(path);
  Table table{path, {}, {}};
  std::vector<Tensor> parts;
  for (const char* name : {"t", "path", "group"})
    if (const auto found = arrays.find(name); found != arrays.end()) {
      table.names.emplace_back(name);
      parts.push_back(reshape(astype(found->second, DType::float64), {found->second.size(), 1}));
    }
  const auto x = arrays.find("x");
  if (x == arrays.end() || x->second.rank() > 2 || x->second.rank() < 1)
    fail<DataError>("data", path, " has no array x of shape (rows,) or (rows, d).");
  const int64_t rows = x->second.dim(0);
  parts.push_back(reshape(astype(x->second, DType::float64), {rows, rows == 0 ? 0 : x->second.size() / rows}));
  for (const Tensor& part : parts)
    if (part.dim(0) != rows)
      fail<DataError>("data", path, ": x has ", rows, " rows, and t, path or group ", part.dim(0), '.');
  for (const std::string& name : numbered("x", parts.back().dim(1))) table.names.push_back(name);
  table.values = concat(parts, 1);
  return table;
}

Table read_table(const std::string& path, const ReadOptions& options) {
  const bool archive = path.ends_with(".npz");
  bool named = archive;
  Table table = archive ? from_npz(path) : Table{path, {}, {}};
  if (path.ends_with(".npy")) {
    table.values = astype(load_npy(path), DType::float64);
    if (table.values.rank() != 2)
      fail<DataError>("data", path, " has shape ", table.values.shape(), ". It must be (rows, columns).");
    table.names = options.window > 0 ? Names{} : Names{"t", "path"};
    const int64_t rest = table.values.dim(1) - static_cast<int64_t>(table.names.size());
    for (const std::string& name : numbered("x", rest)) table.names.push_back(name);
  } else if (!archive) {
    Csv csv = load_csv(path, {.drop_text = true});
    table.values = csv.values;
    table.names = csv.columns;
    for (const DroppedColumn& column : csv.dropped) table.left_out.push_back(column.name);
    named = csv.columns != numbered("x", csv.values.dim(1));
  }
  if (options.names.empty()) return table;
  if (named)
    fail<UsageError>("--names", "is for a file without column names, but ", path, " has ", listed(table.names), '.');
  if (static_cast<int64_t>(options.names.size()) != table.values.dim(1))
    fail<UsageError>("--names", "has ", options.names.size(), " names, but ", path, " has ", table.values.dim(1),
                     " columns. Name each of them.");
  table.names = options.names;
  return table;
}

void check_once(const Table& table, const Names& names) {
  for (const std::string& name : names)
    if (std::count(table.names.begin(), table.names.end(), name) > 1 ||
        std::count(names.begin(), names.end(), name) > 1)
      fail<DataError>("data", table.path, ": column ", name,
                      " is named twice. A column is the time, the path, the group or one component of x.");
}

void check_finite(const Table& table, const Names& names) {
  for (const std::string& name : names) {
    const std::vector<double> values = table.column(name).values();
    const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
    if (bad != values.end())
      fail<DataError>("data", table.path, ": row ", bad - values.begin() + 1, ", column ", name, " is ", *bad,
                      ". Remove such rows from the file: times may be irregular.");
  }
}

// The numbers of a column renumbered from 0 in the order of first appearance.
std::vector<int64_t> renumbered(const std::vector<double>& values) {
  std::map<double, int64_t> seen;
  std::vector<int64_t> result;
  for (const double v : values) result.push_back(seen.emplace(v, static_cast<int64_t>(seen.size())).first->second);
  return result;
}

// A series, cut into windows.
Observations windows(Observations all, const ReadOptions& options, const std::string& path) {
  if (options.window < 2) fail<UsageError>("--window", "must be at least 2 rows, not ", options.window, '.');
  const int64_t rows = all.x.dim(0), n = rows / options.window, used = n * options.window;
  if (n < 2)
    fail<DataError>("data", path, " is too short for two windows of ", options.window, " rows: it has ", rows, '.');
  all.x = slice(all.x, 0, 0, used);
  for (int64_t i = 0; i < used; ++i) {
    all.t.push_back(static_cast<double>(i % options.window) * options.interval);
    all.path.push_back(i / options.window);
    all.group.push_back(0);
  }
  all.remarks.push_back(
      fmt::format("cut into {} windows of {} rows, each starting at t = 0{}", n, options.window,
                  rows > used ? fmt::format("; dropped rows at the end, which fill no window: {}", rows - used) : ""));
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
    if (!kept.empty() && key(kept.back()).first == key(i).first &&
        all.group[static_cast<size_t>(kept.back())] != all.group[static_cast<size_t>(i)])
      fail<DataError>("data", path, ": rows ", kept.back() + 1, " and ", i + 1,
                      " are of one path but of two groups. A path has one initial law.");
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
  const Table table = read_table(path, options);
  if (table.values.dim(0) == 0) fail<DataError>("data", path, " has no rows.");
  Names columns = options.columns, needed;
  if (columns.empty())
    std::copy_if(table.names.begin(), table.names.end(), std::back_inserter(columns),
                 [](const std::string& name) { return name != "t" && name != "path" && name != "group"; });
  if (columns.empty()) fail<DataError>("data", path, " has columns ", table.contents(), ": none of them is x.");
  needed = columns;
  if (options.window == 0) {
    if (!table.find("t"))
      fail<DataError>("data", path, " has columns ", table.contents(),
                      ", none of which is t, the time. Name it t, or give --window if the rows are one series at equal "
                      "intervals.");
    for (const char* name : {"t", "path", "group"})
      if (table.find(name)) needed.emplace_back(name);
  }
  check_once(table, needed);
  check_finite(table, needed);
  std::vector<Tensor> parts;
  for (const std::string& name : columns) parts.push_back(table.column(name));
  Tensor x = stack(parts, 1);
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::vector<double> values = parts[i].values();
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (*low == *high)
      fail<DataError>("data", path, ": column ", columns[i], " is constant, ", *low,
                      ". It has no dynamics to learn: name the other columns by --columns.");
    if (options.logarithm && !(*low > 0))
      fail<DataError>("data", path, ": row ", low - values.begin() + 1, ", column ", columns[i], " is ", *low,
                      ", which has no logarithm. Use --transform none.");
  }
  if (options.logarithm) x = log(x);
  Names remarks;
  if (!table.left_out.empty()) remarks.push_back("dropped as text or row numbers: column " + listed(table.left_out));
  if (options.window > 0) return windows({columns, {}, {}, {}, x, remarks}, options, path);
  Observations all{columns, table.column("t").values(), {}, {}, x, remarks};
  if (const auto given = table.find("path"))
    all.path = renumbered(given->values());
  else {
    all.path.resize(all.t.size());
    std::iota(all.path.begin(), all.path.end(), 0);
    all.remarks.emplace_back("there is no column path, so each row is a separate path");
  }
  const auto law = table.find("group");
  all.group = law ? renumbered(law->values()) : std::vector<int64_t>(all.t.size(), 0);
  const auto [first, last] = std::minmax_element(all.t.begin(), all.t.end());
  if (*first == *last)
    fail<DataError>("data", path, ": all observations are at t = ", *first,
                    ". Give several times: the equation is learned from how the density changes.");
  return sorted(std::move(all), path);
}

Observations subset(const Observations& all, const std::vector<int64_t>& rows) {
  Observations part{all.columns, {}, {}, {}, index_select(all.x, 0, rows), all.remarks};
  for (const int64_t i : rows) {
    const auto at = static_cast<size_t>(i);
    part.t.push_back(all.t[at]);
    part.path.push_back(all.path[at]);
    part.group.push_back(all.group[at]);
  }
  return part;
}

Observations thin(const Observations& all, double share, const Rng& rng) {
  std::vector<int64_t> kept = rng.permutation(all.size());
  kept.resize(static_cast<size_t>(std::max<int64_t>(1, std::llround(share * static_cast<double>(all.size())))));
  std::sort(kept.begin(), kept.end());
  return subset(all, kept);
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

std::vector<int64_t> pairs(const Observations& all) {
  std::vector<int64_t> first;
  for (int64_t i = 0; i + 1 < all.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    if (all.path[at] == all.path[at + 1] && all.t[at] < all.t[at + 1]) first.push_back(i);
  }
  return first;
}

}  // namespace dimwise::app::sde
