#pragma once

#include <optional>
#include <string>

#include "apps/common/data/observations.hpp"

namespace dimwise::app::ode {

/// The table of trajectories, and how much of it is held out.
struct TrajectorySettings {
  std::string data = {};
  ReadOptions file = {};
  double test_share = 0.2, validation_share = 0.2;  ///< of what the test leaves; 0 for none
  int64_t seed = 0;                                 ///< of which paths are held out
};

/// Observed trajectories; each path has at least two observations.
struct Trajectories {
  std::string name, sha256;
  Observations train, test;
  std::optional<Observations> validation = {};  ///< that chooses the weights
  bool one_path = false;                        ///< whether `test` continues `train`
  std::string held_out, validated = {};  ///< what `test` and `validation` are, in words; the latter empty without one
};

/// Reads a table and holds out whole paths, or the last observations of a single path: that part then begins with the
/// last observation before it.
///
/// Paths of one observation are left out, which the remarks say. Throws UsageError without a file, and DataError where
/// `read_observations` does, if no path has two observations, or if a single path is too short to hold out its end.
Trajectories load_trajectories(const TrajectorySettings& settings);

}  // namespace dimwise::app::ode
