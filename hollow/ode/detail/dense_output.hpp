#pragma once

#include "hollow/ode/term.hpp"

namespace dimwise::ode {

/// The solution over one step, as a polynomial: y(t) = Σ_i p_i(s) v_i with s = (t − origin) / scale.
struct Interpolant {
  double t = 0, t1 = 0;
  double origin = 0, scale = 1;
  std::vector<State> v;                // the largest one last
  std::vector<std::vector<double>> p;  // coefficients of 1, s, s², …

  State at(double time) const;
  /// Of states (rows, d): row i of the result is row rows[i] of y(times[i]).
  State at(const std::vector<int64_t>& rows, const std::vector<double>& times) const;
  /// y'(t).
  State slope(double time) const;
};

/// y with the negative elements of the marked tensors set to 0.
State clipped(State y, const std::vector<bool>& non_negative);

/// The interpolants of all steps of a solution. `OdeSolution::at` and the adjoints read them.
struct DenseOutput {
  std::vector<Interpolant> interpolants;
  std::vector<bool> non_negative = {};

  /// y(t); outside the interpolants' range, the nearest one is extrapolated.
  State at(double t) const;
};

}  // namespace dimwise::ode
