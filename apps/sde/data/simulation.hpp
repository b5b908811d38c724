#pragma once

#include <functional>
#include <string>

#include "apps/common/data/observations.hpp"
#include "apps/sde/data/systems.hpp"
#include "hollow/sde/sdeint.hpp"

namespace dimwise::app::sde {

/// The observations of a process.
struct SimulationSettings {
  int64_t paths = 200;
  int64_t observations = 0;  ///< of each path, the first at its begin; 0 for the default of the process
  double end = 0, dt = 0;    ///< 0 for the default of the process
  std::string times = "uniform", method = "euler_maruyama";
  bool unpaired = false;  ///< whether each path is observed once; there are then paths · observations of them
};

struct Simulation {
  Observations seen;
  SdeStatistics statistics;
};

/// An equation and the starts of its paths.
struct SdeProcess {
  Sde sde;
  std::vector<std::string> columns;                                         ///< the names of x's components
  int64_t groups = 1;                                                       ///< initial laws
  std::function<Tensor(int64_t group, const Rng& rng, int64_t n)> initial;  ///< n starts of a group, (n, d), float64
  double begin = 0, end = 1;  ///< times of the first and the last observation
  int64_t observations = 20;  ///< of a path
  double dt = 0.01;           ///< a sufficiently small step

  int64_t d() const { return static_cast<int64_t>(columns.size()); }
};
SdeProcess process_of(const SdeSystem& system);

/// Observations of paths of a process, which are distributed evenly over its initial laws; the same rng gives the same
/// paths for all settings. Calls `done` with the number of finished paths. Throws UsageError, SolverError.
Simulation simulate(const SdeProcess& process, const SimulationSettings& settings, const Rng& rng,
                    const std::function<void(int64_t done)>& done = nullptr);

/// The number of paths of these observations.
int64_t observed_paths(const SdeProcess& process, const SimulationSettings& settings);

}  // namespace dimwise::app::sde
