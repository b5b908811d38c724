#pragma once

#include <optional>
#include <string>

#include "apps/sde/data/observations.hpp"
#include "apps/sde/data/simulation.hpp"
#include "apps/sde/data/systems.hpp"

namespace dimwise::app::sde {

/// What is fitted, and how much of it.
struct DataSettings {
  std::string data = "double-well";  ///< a built-in system or a file
  int64_t seed = 0;
  SystemOptions system;
  SimulationSettings simulation{.paths = 2000};  ///< of a built-in system
  ReadOptions file;                              ///< of a file
  std::string truth;                             ///< the built-in system that a file came from
  double test_share = 0.2;
  double keep = 1;  ///< share of the observations for training that is used
};

struct Dataset {
  std::string name;
  Observations train, test;
  std::optional<SdeSystem> truth;  ///< whose f and g are known
};

/// The observations, of which those for training are thinned. Throws UsageError, DataError.
Dataset load_dataset(const DataSettings& settings);

}  // namespace dimwise::app::sde
