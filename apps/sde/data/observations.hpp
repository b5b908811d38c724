#pragma once

#include <string>
#include <vector>

#include "autodiff/base/rng.hpp"

namespace dimwise::app::sde {

/// Observations (t, x) of paths of an SDE, in order of path, then of time.
struct Observations {
  std::vector<std::string> columns;       ///< the names of x's components
  std::vector<double> t;                  ///< of each observation
  std::vector<int64_t> path, group;       ///< numbers from 0: which path, and which initial law it started from
  Tensor x;                               ///< (n, d), float64
  std::vector<std::string> remarks = {};  ///< what was done to the data, and what limits what can be learned

  int64_t size() const { return static_cast<int64_t>(t.size()); }
  int64_t d() const { return x.dim(1); }
  int64_t groups() const;
  int64_t paths() const;
};

/// How a file is read.
struct ReadOptions {
  std::vector<std::string> names = {};    ///< of the columns of a file that names none
  std::vector<std::string> columns = {};  ///< the components of x; all but t, path and group where none are given
  int64_t window = 0;                     ///< > 0: the rows are one series, to be cut into windows of so many
  double interval = 1;                    ///< time between the rows of a series
  bool logarithm = false;                 ///< whether x is replaced by its logarithm
};

/// Observations of a .csv, .npy or .npz file.
///
/// With a column t: also path (without it, each row is a path of its own) and group, numbers that tell paths and
/// initial laws apart. A .npy has columns t, path, x1 … unless `names` says otherwise; a .npz the arrays t, path,
/// group, x. With `window`, rows are a series at equal intervals: windows that do not overlap become paths that all
/// start at t = 0.
///
/// Rows that are out of order are sorted and rows that stand twice are left out, which the remarks tell. Throws
/// DataError for values that are missing or not finite, two different observations of a path at one time, a path of two
/// groups, a component that is constant, one time only, and columns that are not there or named twice; UsageError for
/// names that a file has no place for.
Observations read_observations(const std::string& path, const ReadOptions& options);

/// The rows of some observations, all of which keep their paths' and groups' numbers.
Observations subset(const Observations& all, const std::vector<int64_t>& rows);

/// A share of all rows, drawn by rng: what is left where a process is seen less often.
Observations thin(const Observations& all, double share, const Rng& rng);

/// Training and held-out observations, whole paths each: a share of the paths drawn by rng, or the last ones where
/// paths follow one another in time.
struct HeldOut {
  Observations train, test;
};
HeldOut hold_out(const Observations& all, double share, bool chronological, const Rng& rng);

/// Places of consecutive observations of one path: rows i and i + 1 for each i.
std::vector<int64_t> pairs(const Observations& all);

}  // namespace dimwise::app::sde
