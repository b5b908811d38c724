#pragma once

#include <string>
#include <vector>

#include "apps/ode/experiment/solvers.hpp"

namespace dimwise::app::ode {

/// The cost of a solver on one model at one tolerance: means over some batches.
struct AtTolerance {
  std::string solver;
  double tolerance = 0;                 ///< rtol and atol
  double forward = 0, adjoint = 0;      ///< evaluations of f + D f
  double seconds = 0;                   ///< of processor time, both solves
  int64_t unfinished = 0, batches = 0;  ///< if solves are unfinished, the means are lower bounds
};

/// Every solver at every tolerance, on the batches from `step` on.
std::vector<AtTolerance> at_tolerances(Task& task, const AnyHollowNet& net, int64_t step,
                                       const std::vector<SolverSpec>& solvers, const std::vector<double>& tolerances,
                                       SolveLimits limits, int64_t batches = 3);

/// A row a tolerance, a column a solver, in Markdown; and as JSON text.
std::string markdown(const std::vector<AtTolerance>& all);
std::string json(const std::vector<AtTolerance>& all);

}  // namespace dimwise::app::ode
