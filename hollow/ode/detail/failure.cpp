#include "hollow/ode/detail/failure.hpp"

#include <cmath>
#include <sstream>

namespace dimwise::ode {

std::string Failure::message(const std::string& method, double t, double end, double dt) const {
  std::ostringstream text;
  text.precision(10);
  text << method << " stopped (" << name(status) << ") at t = " << t << " on the way to " << end
       << ", dt = " << std::abs(dt) << ": " << what << '.';
  if (!advice.empty()) text << ' ' << advice;
  return text.str();
}

std::optional<Failure> failed_start(const State& y, const State& f) {
  for (const State* s : {&y, &f})
    if (const Component bad = first_non_finite(*s); bad.tensor >= 0)
      return Failure{OdeStatus::non_finite, (s == &y ? "y is not finite: " : "f is not finite: ") + describe(bad, *s),
                     "Change the initial state or time."};
  return std::nullopt;
}

Failure failed_step(const Attempt& attempt, const std::string& corrector) {
  if (attempt.bad.tensor >= 0)
    return {OdeStatus::non_finite, "not finite: " + describe(attempt.bad, attempt.y1),
            "A shorter step does not avoid it: check f near this t."};
  if (!attempt.converged)
    return {OdeStatus::corrector_not_converging,
            "the corrector (" + corrector + ") does not converge even with the shortest step",
            "Use the corrector 'newton', or check whether f is discontinuous at this t."};
  if (std::isfinite(attempt.error))
    return {OdeStatus::dt_too_small, "the error test requires a shorter step; " + worst_component(attempt),
            "The solution may blow up or f may be discontinuous here; otherwise lower dt_min or loosen rtol and atol."};
  return {OdeStatus::non_finite, worst_component(attempt), "A shorter step does not avoid it: check f near this t."};
}

Failure out_of_steps(const OdeOptions& options) {
  return {OdeStatus::max_steps_reached, "max_steps = " + std::to_string(options.max_steps) + " steps tried",
          "Raise max_steps or loosen rtol and atol; explicit methods need many steps if the problem is stiff."};
}

Failure out_of_evaluations(const OdeOptions& options) {
  return {OdeStatus::max_evaluations_reached,
          "max_evaluations = " + std::to_string(options.max_evaluations) + " reached",
          "Raise max_evaluations or loosen rtol and atol; explicit methods need many if the problem is stiff."};
}

std::string worst_component(const Attempt& attempt) {
  return attempt.worst.tensor >= 0 ? "worst component: " + describe(attempt.worst, attempt.y1) : "";
}

}  // namespace dimwise::ode
