#pragma once

#include <functional>
#include <string>

#include "hollow/ode/problems/problems.hpp"

namespace dimwise::app::ode {

/// A method and, if it is implicit, its corrector: written `bdf/newton`.
struct SolverSpec {
  std::string method, corrector = {};

  std::string name() const { return corrector.empty() ? method : method + "/" + corrector; }
  /// `options` with this method and corrector.
  OdeOptions options(OdeOptions options = {}) const;
};

/// Reads `dopri5` or `bdf/newton`. An implicit method without a corrector has the corrector `automatic`. Throws
/// UsageError naming the flag.
SolverSpec parse_solver_spec(const std::string& flag, const std::string& text);

/// The processor time of this thread, in seconds; other programs do not affect it.
double processor_seconds();

/// A solve with its processor time.
struct TimedSolution {
  OdeSolution solution;
  double seconds = 0;
  bool stopped = false;  ///< whether `on_step` ended it
  double reached = 0;    ///< the last accepted time
};

/// Solves until `on_step` returns false. The solution until then is kept.
TimedSolution timed_solve(const OdeProblem& problem, const std::vector<double>& times, const OdeOptions& options,
                          std::function<bool(const OdeStep&)> on_step);

}  // namespace dimwise::app::ode
