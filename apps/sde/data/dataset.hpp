#pragma once

#include <optional>
#include <string>

#include "apps/common/data/observations.hpp"
#include "apps/sde/data/simulation.hpp"
#include "apps/sde/data/systems.hpp"

namespace dimwise::app::sde {

/// The observations to fit, and the share of them that is used.
struct DataSettings {
  std::string data = "double-well";  ///< a built-in system or a file
  int64_t seed = 0;
  SystemOptions system;
  SimulationSettings simulation{.paths = 2000};  ///< of a built-in system
  ReadOptions file;                              ///< of a file
  std::string truth;                             ///< the built-in system that the file is a sample of
  double test_share = 0.2;
  double keep = 1;        ///< share of the training observations that is used
  int64_t bootstrap = 0;  ///< > 0: the number of a bootstrap sample of the training paths, which is used instead
};

struct Dataset {
  std::string name;
  Observations train, test;
  std::optional<SdeSystem> truth;  ///< if f and g are known
  std::string sha256 = {};         ///< of a file
};

/// The observations; those for training are thinned. Throws UsageError, DataError.
Dataset load_dataset(const DataSettings& settings);

}  // namespace dimwise::app::sde
