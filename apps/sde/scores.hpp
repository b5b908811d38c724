#pragma once

#include <optional>

#include "apps/common/report/mean.hpp"
#include "apps/sde/saved_run.hpp"

namespace dimwise::app::sde {

/// log p(t, x) under the fitted density, over held-out observations, in nats and in the units of the data.
Mean density_score(const SavedRun& fit);
/// What the true density has more than that, where it is known in closed form: an estimate of the Kullback-Leibler
/// divergence. None for data of another number of initial laws than the truth's.
std::optional<Mean> density_excess(const SavedRun& fit);

/// The log-density of an observation given the one before it, summed over the components that have noise: those of a
/// known g = 0 have no density.
struct TransitionScores {
  Mean learned;      ///< by one Euler step of the learned f and g
  Mean random_walk;  ///< x + mu dt + sigma sqrt(dt) z, with mu and sigma of the observations trained on
  Mean gain;         ///< the difference
};
/// None where no path is seen twice, or nothing has noise. Standard errors take observations for independent.
std::optional<TransitionScores> transition_scores(const SavedRun& fit);

}  // namespace dimwise::app::sde
