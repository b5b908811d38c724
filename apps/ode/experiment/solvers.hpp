#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/ode/experiment/task.hpp"
#include "apps/ode/solver_spec.hpp"

namespace dimwise::app::ode {

/// Reads `dopri5,adams/functional,adams/jacobi_newton`: adaptive methods. Throws UsageError.
std::vector<SolverSpec> parse_solvers(const std::string& list);

/// The limits of all solvers.
struct SolveLimits {
  double rtol = 1e-5, atol = 1e-5;
  int64_t max_evaluations = 20000;  ///< of f: in the forward solve, and in each interval of the adjoint's
};

OdeOptions options(const SolverSpec& solver, const SolveLimits& limits);

/// How a solve ended.
enum class Ending { done, out_of_budget, failed, not_begun };

/// The cost of a forward or an adjoint solve.
struct SolveOutcome {
  Ending ending = Ending::not_begun;
  OdeStatistics statistics;
  double seconds = 0;  ///< processor time of this thread
  std::string message = {};
};

/// One solver on one model and one batch.
struct Measurement {
  SolveOutcome forward, adjoint;
  double loss = 0;
  std::optional<AnyHollowNet> gradient;  ///< if both solves finished
};

/// Solves the problem of a step forward, and its adjoint backward. The result says if a solve ends early.
Measurement measure(Task& task, const AnyHollowNet& net, int64_t step, const SolverSpec& solver,
                    const SolveLimits& limits);

}  // namespace dimwise::app::ode
