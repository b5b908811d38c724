#pragma once

#include <string>
#include <vector>

#include "apps/common/data/table_settings.hpp"

namespace dimwise::app {

/// The columns that mean something else than a component of x. Empty: the column with a usual name, if there is one.
struct RoleNames {
  std::string time = {};   ///< usually t, time, date, datetime or timestamp
  std::string path = {};   ///< usually path or id
  std::string group = {};  ///< usually group
};

/// A table, by what its columns mean.
struct Roles {
  std::vector<std::string> components;
  Tensor x;                          ///< (rows, d), float64
  std::vector<double> t = {};        ///< empty if there is no time; of dates, the days or seconds since the first
  std::vector<int64_t> path, group;  ///< numbered from 0 in the order of first appearance; empty if there is none
  std::vector<std::string> path_labels = {};  ///< what the file calls each path, by its number
  std::vector<std::string> remarks;           ///< what each column is taken for, and what was decided about the rows
  std::string columns;                        ///< all columns of the file, in words
  std::string dialect;                        ///< of a text file: how it was read
};

/// Reads a .csv, .npy or .npz file. Paths and groups may be text; times may be dates of ISO 8601.
///
/// The components are `table.columns`, or all columns of numbers without a role; columns with a usual name of a role
/// are never among these. A .npy has columns t, path, x1 … unless it has other names or is a `series`, x1 … A .npz has
/// arrays t, path, group, x. Throws DataError for columns that do not exist or are named twice, values that are not
/// finite, and two columns that could have the same role.
Roles read_roles(const std::string& path, const CsvOptions& table, const RoleNames& names, bool series);

}  // namespace dimwise::app
