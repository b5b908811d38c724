#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/common/cli/cli.hpp"
#include "hollow/ode/problems/problems.hpp"

namespace dimwise::app {

/// What is to be solved, as the user names it.
struct SubjectSettings {
  std::string problem = {}, model = {};
  std::string weights = "best";
  int64_t samples = 1;
  int64_t seed = 0;
  std::string t0 = {}, t1 = {}, y0 = {};  ///< empty for the problem's own
};
void add_subject(Command& command, SubjectSettings& settings);

/// The named problem, or the dynamics of a saved model from random starts, with the settings' times and start. Closed
/// form and reference are dropped where they no longer hold. Throws UsageError, CheckpointError.
OdeProblem load_subject(const SubjectSettings& settings);

/// Known values of y at some of a problem's times.
struct Reference {
  std::string origin;  ///< where they come from, for the reader
  std::vector<double> times = {};
  std::vector<std::vector<double>> y = {};
};

/// From the closed form, or from the file of reference solutions (`file`, or ivp_reference.json in $DIMWISE_DATA); none
/// where neither knows the problem. Throws DataError for a `file` that cannot be read.
std::optional<Reference> find_reference(const OdeProblem& problem, const std::string& file);

/// The largest |y − reference| / (|reference| + atol/rtol) over all components and times that both have: relative where
/// a component is large, and comparable with rtol. NaN without a common time.
double solution_error(const OdeProblem& problem, const Reference& reference, const std::vector<double>& times,
                      const std::vector<State>& y);

/// The numbers of a comma-separated list. Throws UsageError naming the flag.
std::vector<double> parse_numbers(const std::string& flag, const std::string& text);

}  // namespace dimwise::app
