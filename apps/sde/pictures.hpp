#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/common/plot/figure.hpp"
#include "apps/sde/model/saved_run.hpp"

namespace dimwise::app::sde {

/// A figure of a fit and its file name without extension.
struct Picture {
  std::string name;
  Figure figure;
};

/// The held-out observations: components over time, or in the plane.
Picture data_picture(const SavedRun& fit);
/// The learned density at four times and the observations of those times: curves over histograms in one dimension,
/// colors under points in the plane, samples next to points in more. If the true density is known, it is drawn in the
/// same scale. None for a fit without a density.
std::optional<Picture> density_picture(const SavedRun& fit, const Rng& rng);
/// The learned and the true drift: a curve, arrows in the plane, otherwise along each axis.
Picture drift_picture(const SavedRun& fit, const std::vector<Sde>& replicates = {});
/// Each g_i along its own axis, the other components at their means.
Picture diffusion_picture(const SavedRun& fit, const std::vector<Sde>& replicates = {});
/// Errors, likelihood and residual over the training, read from the run's metrics.
Picture training_picture(const std::string& metrics);

}  // namespace dimwise::app::sde
