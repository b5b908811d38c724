#pragma once

#include "tests/apps/common/app_run.hpp"

namespace dimwise::app {

inline Ended run_ode(const Strings& words, const Surroundings& around = {}) {
  return Process(DIMWISE_ODE, words, around).wait();
}

}  // namespace dimwise::app
