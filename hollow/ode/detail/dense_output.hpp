#pragma once

#include "hollow/ode/term.hpp"

namespace dimwise::ode {

/// The solution over one step, as a polynomial: y(t) = Σ_i p_i(s) v_i with s = (t − origin) / scale.
struct Interpolant {
  double t = 0, t1 = 0;
  double origin = 0, scale = 1;
  std::vector<State> v;                // the largest last
  std::vector<std::vector<double>> p;  // coefficients of 1, s, s², …

  State at(double time) const;
};

/// All interpolants of a solution: what dense output and adjoints read.
struct DenseOutput {
  std::vector<Interpolant> interpolants;

  /// y(t); outside of the interpolants, the nearest one's polynomial.
  State at(double t) const;
};

}  // namespace dimwise::ode
