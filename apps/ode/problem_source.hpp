#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/common/cli/cli.hpp"
#include "hollow/ode/problems/problems.hpp"

namespace dimwise::app::ode {

/// The problem to solve, as the user names it.
struct ProblemSource {
  std::string problem = {}, model = {};
  std::string field = {}, init = {}, param = {};  ///< see formula_problem
  std::string weights = "best";
  int64_t samples = 1;
  int64_t seed = 0;
  std::string t0 = {}, t1 = {}, y0 = {};  ///< empty for those of the problem
};
void add_problem_source(Command& command, ProblemSource& source);

/// The named problem, that of formulas, or the dynamics of a saved model from random starts, with the times and the
/// start of `source`. Closed form and reference are dropped if they no longer apply. Throws UsageError,
/// CheckpointError.
OdeProblem load_problem(const ProblemSource& source);

/// Known values of y at some of a problem's times.
struct Reference {
  std::string origin;  ///< their origin, as text
  std::vector<double> times = {};
  std::vector<std::vector<double>> y = {};
};

/// From the closed form, or from the file of reference solutions (`file`, or ivp_reference.json in $DIMWISE_DATA); none
/// if neither has the problem. Throws DataError for a `file` that cannot be read.
std::optional<Reference> find_reference(const OdeProblem& problem, const std::string& file);

/// The maximum of |y − reference| / (|reference| + atol/rtol) over all components and common times: relative for large
/// components, and comparable to rtol. NaN without a common time.
double solution_error(const OdeProblem& problem, const Reference& reference, const std::vector<double>& times,
                      const std::vector<State>& y);

/// The numbers of a comma-separated list. Throws UsageError naming the flag.
std::vector<double> parse_numbers(const std::string& flag, const std::string& text);

}  // namespace dimwise::app::ode
