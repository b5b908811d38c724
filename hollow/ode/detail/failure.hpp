#pragma once

#include <optional>

#include "hollow/ode/methods/stepper.hpp"

namespace dimwise::ode {

/// Why a solve ends before its last time.
struct Failure {
  OdeStatus status;
  std::string what, advice;

  /// For `OdeSolution::message`: where the solve was, what happened and what to do.
  std::string message(const std::string& method, double t, double end, double dt) const;
};

/// That y or f is not finite at the start, if so.
std::optional<Failure> failed_start(const State& y, const State& f);
/// That no shorter step than this one can be tried.
Failure failed_step(const Attempt& attempt, const std::string& corrector);
Failure out_of_steps(const OdeOptions& options);
Failure out_of_evaluations(const OdeOptions& options);
/// "worst component: …", or empty.
std::string worst_component(const Attempt& attempt);

}  // namespace dimwise::ode
