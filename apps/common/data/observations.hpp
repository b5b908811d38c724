#pragma once

#include <string>
#include <vector>

#include "apps/common/data/roles.hpp"
#include "autodiff/base/rng.hpp"

namespace dimwise::app {

/// Observations (t, x) of paths, in order of path, then of time.
struct Observations {
  std::vector<std::string> columns;           ///< the names of x's components
  std::vector<double> t;                      ///< of each observation
  std::vector<int64_t> path, group;           ///< the path and its initial law, numbered from 0
  Tensor x;                                   ///< (n, d), float64
  std::vector<std::string> remarks = {};      ///< changes of the data, and limits of what can be learned
  std::string dialect = {};                   ///< of a text file: how it was read
  std::vector<std::string> path_labels = {};  ///< what the file calls each path, by its number; empty if it has none

  int64_t size() const { return static_cast<int64_t>(t.size()); }
  int64_t d() const { return x.dim(1); }
  int64_t groups() const;
  int64_t paths() const;
};

/// Options of reading a file.
struct ReadOptions {
  CsvOptions table = csv_options({});  ///< how it is written; its `columns` are the components of x
  RoleNames roles = {};                ///< the columns of time, path and group
  int64_t window = 0;   ///< > 0: each path is a series at equal intervals, which is cut into windows of this length
  double interval = 1;  ///< time between the rows of a series
  bool deterministic = false;  ///< whether rows without a path are one path, and groups mean nothing, as for an ODE
  bool logarithm = false;      ///< whether x is replaced by its logarithm
};

/// Observations of a .csv, .npy or .npz file.
///
/// Columns mean what `read_roles` says. Without a path, each row is a separate path, unless they are
/// `deterministic`. With `window`, the rows of a path
/// are a series at equal intervals, one series if there is no path: disjoint windows become paths that start at t = 0;
/// a time only has to rise along the rows.
///
/// Unordered rows are sorted and duplicate rows are dropped; the remarks say so. Throws DataError for values that are
/// missing or not finite, two different observations of a path at one time, a path of two groups, a constant component,
/// a single time, and what `read_roles` refuses; UsageError for a window of one row.
Observations read_observations(const std::string& path, const ReadOptions& options);

/// Some rows of the observations, with the same numbers of paths and groups.
Observations subset(const Observations& all, const std::vector<int64_t>& rows);

/// At most `most` of the rows, at equal distances.
Observations spread_rows(const Observations& all, int64_t most);

/// A random share of all rows, as if the process were observed less often.
Observations thin(const Observations& all, double share, const Rng& rng);

/// A bootstrap sample: as many paths of each group, drawn with replacement. Efron: Bootstrap Methods: Another Look at
/// the Jackknife, Annals of Statistics 7 (1979).
Observations resample(const Observations& all, const Rng& rng);

/// Training and held-out observations, in whole paths: a random share of the paths is held out, or the last ones if
/// paths are consecutive in time.
struct HeldOut {
  Observations train, test;
};
HeldOut hold_out(const Observations& all, double share, bool chronological, const Rng& rng);

/// The rows of consecutive observations of one path: from[k] and to[k] = from[k] + 1.
struct Pairs {
  std::vector<int64_t> from, to;

  bool empty() const { return from.empty(); }
  size_t size() const { return from.size(); }
};
Pairs pairs(const Observations& all);

}  // namespace dimwise::app
