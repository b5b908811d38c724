#pragma once

#include "apps/sde/model/saved_run.hpp"

namespace dimwise::app::sde {

/// The result of a fit.
struct FitResult {
  int64_t step = 0;
  std::string checkpoint;
  std::optional<Errors> errors;  ///< if the truth is known
};

/// Fits a density and an equation, or the equation alone, to the observations; writes the run folder.
///
/// Throws Interrupted, Diverged, CheckpointError and what its parts throw.
FitResult run_fit(const FitSettings& settings, const Command& command);

}  // namespace dimwise::app::sde
