#pragma once

#include <optional>

#include "apps/common/report/mean.hpp"
#include "apps/sde/model/saved_run.hpp"

namespace dimwise::app::sde {

/// log p(t, x) under the fitted density, over held-out observations, in nats and in the units of the data.
Mean density_score(const SavedRun& fit);
/// The log-density of the truth minus that, if the truth has a closed form: an estimate of the Kullback-Leibler
/// divergence. None if the data do not have as many initial laws as the truth.
std::optional<Mean> density_excess(const SavedRun& fit);

/// The log-density of an observation given the previous one, summed over the components with noise: those of a known
/// g = 0 have no density.
struct TransitionScores {
  Mean learned;      ///< by one Euler step of the learned f and g
  Mean random_walk;  ///< x + mu dt + sigma sqrt(dt) z, with mu and sigma of the training observations
  Mean gain;         ///< the difference
};
/// None if no path has two observations, or no component has noise. Standard errors assume independent observations.
std::optional<TransitionScores> transition_scores(const SavedRun& fit);

}  // namespace dimwise::app::sde
