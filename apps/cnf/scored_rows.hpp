#pragma once

#include <string>

#include "apps/common/cli/common_flags.hpp"
#include "apps/common/cnf/saved_run.hpp"
#include "apps/common/run/long_job.hpp"

namespace dimwise::app::cnf {

/// Which rows are scored, and how.
struct ScoreSettings {
  CommonFlags common{.out = "runs/cnf"};
  std::string data, weights = "best";
  TableSettings table;
  SolverSettings solver;
};
/// `--out`, `--data`, `--weights`, `--seed`, `--threads`, those of output, the table and the solver.
void add_scored(Command& command, ScoreSettings& settings);

/// The rows to score.
struct ScoredRows {
  DataSource source;
  Tensor x;      ///< (rows, columns), float64, the given columns first
  Tensor train;  ///< the training rows if x are the held-out rows of the training; undefined for other data

  /// As "moons, 20000 held-out rows" or "other.csv, 50 rows".
  std::string text() const;
};
/// The held-out rows of the training's data without `--data`, otherwise all rows of a file or the test part of a
/// density, whose columns must be the run's. Says on stderr what the columns of a file are taken for.
///
/// Throws UsageError, and DataError if the columns differ.
ScoredRows load_scored(const char* command, const ScoreSettings& settings, const SavedRun& run);

/// Scores the rows in chunks. Throws Interrupted, DataError and SolverError.
RowScores score_rows(const ScoreSettings& settings, const SavedRun& run, const Tensor& x);

}  // namespace dimwise::app::cnf
