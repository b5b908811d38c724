#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "apps/ode/experiment/solvers.hpp"
#include "apps/ode/experiment/stiffness.hpp"

namespace dimwise::app::ode {

/// A measured iteration as a line of metrics.jsonl: names and numbers.
using Values = std::vector<std::pair<std::string, double>>;

/// Appends the cost of one solver, as `<solver> forward evaluations`, …: of each solve `evaluations`, `diagonals`,
/// `jacobians`, `iterations`, `steps`, `rejected`, `ending` (the number of an Ending) and `seconds`.
void append(Values& values, const std::string& solver, const Measurement& measurement);

/// The numbers of a run by name, one entry for each measured iteration; NaN if it is missing.
struct Record {
  std::vector<double> step;
  std::map<std::string, std::vector<double>> columns;

  const std::vector<double>& at(const std::string& name) const;
};
/// Reads metrics.jsonl. Throws DataError if it is missing or a line has no step.
Record read_record(const std::string& path);

/// One solver over a whole run.
struct Totals {
  std::string solver;
  double f_forward = 0, f_adjoint = 0;  ///< evaluations of f; in the adjoint of f and its pull
  double d_forward = 0, d_adjoint = 0;  ///< evaluations of D f, in addition to its f
  double jacobians = 0;                 ///< whole ones, of Newton's corrector: each costs d reverse passes
  double steps = 0;
  double seconds_forward = 0, seconds_adjoint = 0;
  double unfinished = 0;       ///< solves that exceeded the budget or failed, whose counts are lower bounds
  double early = 0, late = 0;  ///< mean of f + D per iteration, over the first and the last tenth

  double f_and_d() const { return f_forward + f_adjoint + d_forward + d_adjoint; }
  double f() const { return f_forward + f_adjoint; }
  double seconds() const { return seconds_forward + seconds_adjoint; }
};
Totals totals(const Record& record, const std::string& solver);

/// Both solves together, per measured iteration.
std::vector<double> f_and_d(const Record& record, const std::string& solver, const std::string& phase);
std::vector<double> f_alone(const Record& record, const std::string& solver, const std::string& phase);

/// The table of totals in Markdown, and as JSON text.
std::string markdown(const std::vector<Totals>& all);
std::string json(const std::vector<Totals>& all);

/// The sum of two columns, entry by entry.
std::vector<double> added(std::vector<double> a, const std::vector<double>& b);

/// Mean over the first or the last tenth.
double tenth(const std::vector<double>& values, bool last);

}  // namespace dimwise::app::ode
