#pragma once

#include "apps/sde/data/simulation.hpp"
#include "apps/sde/model/saved_run.hpp"

namespace dimwise::app::sde {

/// The fitted equation as a process, in the units of the model: of logarithms under `--transform log`.
///
/// Paths start where training paths of their group start: at the first observation of each if the density is
/// conditioned on it, otherwise at the observations in the first hundredth of the observed time. The times are those of
/// the data, the step is a thousandth of them.
SdeProcess learned_process(const SavedRun& fit);

/// The names of x's components in the units of the model: log(NAME) under `--transform log`.
std::vector<std::string> model_columns(const SavedRun& fit);

}  // namespace dimwise::app::sde
