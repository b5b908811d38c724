#pragma once

#include <optional>

#include "apps/sde/saved_run.hpp"

namespace dimwise::app::sde {

/// A mean over held-out observations, in nats and in the units of the data, and its standard error.
struct Score {
  double mean = 0, standard_error = 0;
};

/// log p(t, x) under the fitted density.
Score density_score(const SavedRun& fit);
/// What the true density has more than that, where it is known in closed form: an estimate of the Kullback-Leibler
/// divergence. None for data of another number of initial laws than the truth's.
std::optional<Score> density_excess(const SavedRun& fit);

/// The log-density of an observation given the one before it, summed over the components that have noise: those of a
/// known g = 0 have no density.
struct TransitionScores {
  Score learned;      ///< by one Euler step of the learned f and g
  Score random_walk;  ///< x + mu dt + sigma sqrt(dt) z, with mu and sigma of the observations trained on
  Score gain;         ///< the difference
};
/// None where no path is seen twice, or nothing has noise. Standard errors take observations for independent.
std::optional<TransitionScores> transition_scores(const SavedRun& fit);

}  // namespace dimwise::app::sde
