#pragma once

#include "hollow/ode/step.hpp"

namespace dimwise::ode {

/// What is kept of a solution so that it can be read anywhere: the accepted steps, without the stages that no
/// interpolant uses.
struct Trajectory {
  const Tableau* method = nullptr;
  std::vector<Step> steps;

  /// y(t), for t between the ends.
  State at(double t) const;
};

/// Throws ValueError, ShapeError or DTypeError for what makes no sense.
void check_arguments(const State& y0, const std::vector<double>& times, const OdeOptions& options);

/// odeint without regard to `options.gradient`: recorded iff this thread records. `k1` is f(times[0], y0) if it is
/// known, else empty.
OdeSolution solve(const VectorField& f, const State& y0, const std::vector<double>& times, const OdeOptions& options,
                  State k1 = {}, Trajectory* keep = nullptr);

}  // namespace dimwise::ode
