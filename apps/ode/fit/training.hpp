#pragma once

#include "apps/ode/fit/segments.hpp"
#include "apps/ode/fit/settings.hpp"

namespace dimwise::app::ode {

/// The objective of one step: the mean squared error over all forecasts of `batch` and all components, in the model's
/// units, for the rows begin, …, end − 1. Means over parts, weighted by their rows, are that over the batch. Throws
/// SolverError.
struct Objective {
  Tensor loss;  ///< 0-d
  int64_t evaluations = 0;
};
Objective objective(const FitModel& model, const Batch& batch, int64_t begin, int64_t end, const OdeOptions& options);

/// Fits the dynamics, and reports the held-out errors; `report_fit` says where.
///
/// Throws Interrupted, Diverged, CheckpointError, DataError and what its parts throw.
void run_fit(const FitSettings& settings, const Command& command);

}  // namespace dimwise::app::ode
