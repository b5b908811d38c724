#pragma once

#include <vector>

#include "hollow/ode/term.hpp"

namespace dimwise::ode::problems {

/// Two bodies: x'' = −x / |x|³, the state (x, x') in any number of dimensions. Its Jacobian's diagonal is 0.
OdeTerm orbit_term();

/// The state (x, x') at t on an ellipse of eccentricity e < 1 about 0, that starts at (1 − e, 0) with period 2π: by
/// Kepler's equation.
std::vector<double> orbit(double e, double t = 0);

}  // namespace dimwise::ode::problems
