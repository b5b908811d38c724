#pragma once

#include <string>
#include <vector>

#include "apps/common/plot/figure.hpp"
#include "hollow/ode/problems/problems.hpp"

namespace dimwise::app::ode {

/// The name of a number of the state: y1, or x as the problem names it; y1_2 is that of the second start.
std::string component_name(const OdeProblem& problem, int64_t i);

/// Components over time; logarithmic in both for problems of many scales.
Panel time_panel(const OdeProblem& problem, const std::vector<double>& times, const std::vector<State>& y);

/// The first two components of every row against each other; for d = 1, f against y.
Panel phase_panel(const OdeProblem& problem, const std::vector<double>& times, const std::vector<State>& y);

}  // namespace dimwise::app::ode
