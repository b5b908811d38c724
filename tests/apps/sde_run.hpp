#pragma once

#include "tests/apps/cnf_run.hpp"

namespace dimwise::app {

inline Ended run_sde(const Strings& words, const Surroundings& around = {}) {
  return Process(DIMWISE_SDE, words, around).wait();
}

}  // namespace dimwise::app
