#pragma once

#include <string>

#include "apps/common/data/observations.hpp"

namespace dimwise::app::ode {

/// The table of trajectories, and how much of it is held out.
struct TrajectorySettings {
  std::string data = {};
  ReadOptions file = {};
  double test_share = 0.2;
  int64_t seed = 0;  ///< of which paths are held out
};

/// Observed trajectories; each path has at least two observations.
struct Trajectories {
  std::string name, sha256;
  Observations train, test;
  std::string held_out = {};  ///< what `test` is, in words
};

/// Reads a table and holds out whole paths, or the last observations of a single path: `test` then begins with the last
/// observation of `train`.
///
/// Paths of one observation are left out, which the remarks say. Throws UsageError without a file, and DataError where
/// `read_observations` does, if no path has two observations, or a single one has less than three.
Trajectories load_trajectories(const TrajectorySettings& settings);

}  // namespace dimwise::app::ode
