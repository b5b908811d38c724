#pragma once

#include <string>
#include <vector>

#include "apps/common/cli/cli.hpp"
#include "nn/io/csv.hpp"

namespace dimwise::app {

/// How the user's table is read.
struct TableSettings {
  std::string separator = "auto", decimal = "auto", header = "auto";
  std::string missing = "error", missing_values = "usual";
  std::string names = {}, columns = {}, drop = {};
  int64_t skip_lines = 0;

  bool operator==(const TableSettings&) const = default;
};

/// Adds the section of a table: `--separator`, `--decimal`, `--header`, `--skip-lines`, `--missing`,
/// `--missing-values`, `--names`, `--columns` and `--drop`.
void add_table(Command& command, TableSettings& settings);

/// The options of a reader. Errors name the flags.
CsvOptions csv_options(const TableSettings& settings);

/// A .npy of shape (rows, columns), or a text table, which - reads from stdin. `names`, `columns`, `drop` and `missing`
/// of the options hold for both. Without names, the columns of a .npy are `first` and x1, x2 …; NaN is its missing
/// value. Throws DataError.
Csv read_table(const std::string& path, const CsvOptions& options, const std::vector<std::string>& first = {});

/// Keeps the columns of a table of numbers that the options ask for, and, if they say so, the rows without NaN.
void select(Csv& table, const CsvOptions& options, const std::string& path);

/// Names in one line, those of many columns shortened: "x1, x2, x3, … x40 (40 columns)".
std::string listed(const std::vector<std::string>& names);
/// The same with the reasons: "name (text), rownames (row numbers)".
std::string listed(const std::vector<DroppedColumn>& columns);

}  // namespace dimwise::app
