#pragma once

#include <functional>
#include <string>

#include "apps/sde/data/observations.hpp"
#include "apps/sde/data/systems.hpp"
#include "hollow/sde/sdeint.hpp"

namespace dimwise::app::sde {

/// How a built-in system is observed.
struct SimulationSettings {
  int64_t paths = 200;
  int64_t observations = 0;  ///< of each path, the first at t = 0; 0 for the system's own
  double end = 0, dt = 0;    ///< 0 for the system's own
  std::string times = "uniform", method = "euler_maruyama";
  bool unpaired = false;  ///< whether each path is seen once: then there are paths · observations of them
};

struct Simulation {
  Observations seen;
  SdeStatistics statistics;
};

/// Paths of a system, dealt in turn to its initial laws, and what is seen of them; the same rng gives the same paths
/// whatever is asked of them. `done` hears how many paths there are. Throws UsageError, SolverError.
Simulation simulate(const SdeSystem& system, const SimulationSettings& settings, const Rng& rng,
                    const std::function<void(int64_t done)>& done = nullptr);

/// How many paths that takes.
int64_t observed_paths(const SdeSystem& system, const SimulationSettings& settings);

}  // namespace dimwise::app::sde
