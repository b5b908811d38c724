#include "hollow/ode/implicit/initial_slope.hpp"

#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "hollow/ode/implicit/corrector.hpp"

namespace dimwise::ode {

namespace {

// Steps of implicit Euler, as shares of the solve, until one changes y by at most this, in tolerances.
constexpr double longest_share = 1e-3, shortest_share = 1e-30, shorten = 1e-3, short_enough = 0.01;
constexpr double solved_to = 1e-3;

}  // namespace

ShortStep short_step(const std::shared_ptr<System>& system, double t, double towards, const State& y) {
  const NoGrad guard;
  const State weights = system->norm.weights(y);
  Corrector corrector(system, true);
  ShortStep best;
  for (double share = longest_share; share >= shortest_share && best.size > short_enough; share *= shorten) {
    const double gamma = share * towards;
    const Corrector::Result result = corrector.solve({t + gamma, gamma, y}, y, weights, solved_to, true);
    State change = combination({&result.y, &y}, {1, -1});
    const double size = system->norm(change, weights);
    if (result.converged && size < best.size) best = {gamma, std::move(change), size};
  }
  return best;
}

State initial_slope(const std::shared_ptr<System>& system, double t, double end, const State& y, const State& f) {
  if (!system->mass) return f;
  const ShortStep step = short_step(system, t, end - t, y);
  if (step.size <= short_enough) return combination({&step.change}, {1 / step.gamma});
  // The change is not that of time.
  if (step.consistent()) return combination({&y}, {0});
  if (step.change.empty())
    fail<ValueError>(
        "odeint", "M y' = f has no solution near the state at t = ", t,
        ". M − γ ∂f/∂y must have an inverse for small γ > 0 (index 1), and the tolerances must be above the "
        "rounding of the algebraic equations.");
  const Component worst = system->norm.worst(step.change, y, y);
  const Tensor& changed = step.change[static_cast<size_t>(worst.tensor)];
  fail<ValueError>("odeint", "the state does not satisfy the algebraic equations at t = ", t, ": ", describe(worst, y),
                   " would have to change by ", changed.values()[static_cast<size_t>(worst.element)],
                   ". Start from consistent_state(term, t, y0).");
}

}  // namespace dimwise::ode
