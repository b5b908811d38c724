#pragma once

#include <string>
#include <vector>

#include "apps/sde/model/saved_run.hpp"

namespace dimwise::app::sde {

/// The folder of the fit to bootstrap sample `number` of the paths of the run in `out`.
std::string replicate_folder(const std::string& out, int64_t number);

/// The settings of that fit: those of the run, for as many steps.
FitSettings replicate_settings(const SavedRun& fit, const std::string& out, int64_t number);

/// The equations of all finished replicates of a run, in the units of the data; empty if there are none. Throws
/// CheckpointError for replicates of another fit.
std::vector<Sde> load_replicates(const SavedRun& fit, const std::string& out);

/// The standard deviation over the replicates of a coefficient at t (n, 1) and x (n, d): the bootstrap's estimate of
/// its standard error, (n, d).
Tensor standard_errors(const std::vector<Sde>& replicates, SdeCoefficient Sde::*which, const Tensor& t,
                       const Tensor& x);

}  // namespace dimwise::app::sde
