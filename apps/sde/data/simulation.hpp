#pragma once

#include <functional>
#include <string>

#include "apps/common/data/observations.hpp"
#include "apps/sde/data/systems.hpp"
#include "hollow/sde/sdeint.hpp"

namespace dimwise::app::sde {

/// The observations of a built-in system.
struct SimulationSettings {
  int64_t paths = 200;
  int64_t observations = 0;  ///< of each path, the first at t = 0; 0 for the default of the system
  double end = 0, dt = 0;    ///< 0 for the default of the system
  std::string times = "uniform", method = "euler_maruyama";
  bool unpaired = false;  ///< whether each path is observed once; there are then paths · observations of them
};

struct Simulation {
  Observations seen;
  SdeStatistics statistics;
};

/// Observations of paths of a system, which are distributed evenly over its initial laws; the same rng gives the same
/// paths for all settings. Calls `done` with the number of finished paths. Throws UsageError, SolverError.
Simulation simulate(const SdeSystem& system, const SimulationSettings& settings, const Rng& rng,
                    const std::function<void(int64_t done)>& done = nullptr);

/// The number of paths of these observations.
int64_t observed_paths(const SdeSystem& system, const SimulationSettings& settings);

}  // namespace dimwise::app::sde
