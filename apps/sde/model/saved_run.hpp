#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/common/run/saved_run.hpp"
#include "apps/sde/model/settings.hpp"

namespace dimwise::app::sde {

/// A fitted model and its data.
struct SavedRun : TrainedModel<FitSettings, SdeModel> {
  Dataset data = {};
  std::vector<std::optional<double>> known = {};  ///< of g
};
/// Reads a run folder or a checkpoint. Throws CheckpointError, DataError.
SavedRun load_run(const std::string& path);

/// The equation of the data, if its density has a closed form for their groups, and the learned one is the same.
const SdeSystem* known_density(const SavedRun& fit);

/// Observations at which errors of f and g are computed, at most.
inline constexpr int64_t most_scored = 4000;

/// Mean absolute errors of f and g for each component, in the units of the data.
struct Errors {
  std::vector<double> drift, diffusion;
  double mean_drift = 0;      ///< over all components
  double mean_diffusion = 0;  ///< over the learned components
};
/// At the observations `at`, or at `most_scored` of them at equal distances.
Errors errors(const SdeModel& model, const SdeSystem& truth, const std::vector<std::optional<double>>& known,
              const Observations& at);

/// The limits of what can be learned from these data, a sentence each.
std::vector<std::string> limits(const FitSettings& settings, const Dataset& data);

}  // namespace dimwise::app::sde
