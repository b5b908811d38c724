#pragma once

#include <string>

#include "apps/common/cli/cli.hpp"
#include "apps/common/cnf/saved_run.hpp"

namespace dimwise::app::cnf {

/// `--given a=1.5,b=0`: values of the given columns of a conditional density.
void add_given(Command& command, std::string& given);

/// The values of `a=1.5,b=0` in the order of the run's given columns, (c,) in float64; undefined if it has none. Throws
/// UsageError that names `--given` unless each given column has one value.
Tensor given_values(const TrainSettings& run, const std::string& text);

/// The given columns of a table, (rows, c) in float64. Without names of columns, it has these alone, in their order.
/// Throws DataError and UsageError that name `--given-from`.
Tensor given_rows(const TrainSettings& run, const std::string& path, const TableSettings& table);

}  // namespace dimwise::app::cnf
