#pragma once

#include <string>
#include <vector>

#include "hollow/ode/problems/problems.hpp"

namespace dimwise::ode::problems {

// The families of named problems, one file each.

using Problems = std::vector<OdeProblem (*)()>;
Problems classic_problems();
Problems stiff_problems();
Problems large_problems();
Problems split_problems();
Problems detest_problems();

}  // namespace dimwise::ode::problems
