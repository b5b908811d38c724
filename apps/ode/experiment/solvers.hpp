#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/ode/experiment/task.hpp"
#include "apps/ode/solver_spec.hpp"

namespace dimwise::app::experiment {

/// Reads `dopri5,adams/functional,adams/jacobi_newton`: methods that choose their steps. Throws UsageError.
std::vector<SolverSpec> parse_solvers(const std::string& list);

/// What all solvers obey alike.
struct SolveLimits {
  double rtol = 1e-5, atol = 1e-5;
  int64_t max_evaluations = 20000;  ///< of f: in the forward solve, and in each interval of the adjoint's
};

OdeOptions options(const SolverSpec& solver, const SolveLimits& limits);

/// How a solve ended.
enum class Ending { done, out_of_budget, failed, not_begun };

/// What a forward or an adjoint solve took.
struct Taken {
  Ending ending = Ending::not_begun;
  OdeStatistics statistics;
  double seconds = 0;  ///< of this thread's processor time
  std::string message = {};
};

/// One solver on one model and one batch.
struct Measurement {
  Taken forward, adjoint;
  double loss = 0;
  std::optional<AnyHollowNet> gradient;  ///< where both solves were done
};

/// Solves the step's problem forwards and by the adjoint backwards. Solves that end early are told in the result.
Measurement measure(Task& task, const AnyHollowNet& net, int64_t step, const SolverSpec& solver,
                    const SolveLimits& limits);

}  // namespace dimwise::app::experiment
