#pragma once

#include <limits>
#include <memory>

#include "hollow/ode/detail/system.hpp"

namespace dimwise::ode {

/// A short step of implicit Euler with a mass matrix, M (y1 − y) = γ f(t + γ, y1): its γ, a multiple of `towards`, y1 −
/// y, and the size of that in tolerances. The longest one that changes y little, or, if y does not satisfy the
/// algebraic equations, the one that changes it least; infinite if none is solved. Untracked.
struct ShortStep {
  double gamma = 0;
  State change;
  double size = std::numeric_limits<double>::infinity();

  /// Whether y satisfies the algebraic equations to its tolerance.
  bool consistent() const { return size <= 1; }
};
ShortStep short_step(const std::shared_ptr<System>& system, double t, double towards, const State& y);

/// y' at the start of a solve on the way to `end`, where f(t, y) is known: that f, or, with a mass matrix, the solution
/// of M y' = f(t, y) that keeps the algebraic equations satisfied. Untracked in the second case.
///
/// It is the slope of a short step. Throws ValueError if y does not satisfy the algebraic equations to its tolerance.
State initial_slope(const std::shared_ptr<System>& system, double t, double end, const State& y, const State& f);

}  // namespace dimwise::ode
