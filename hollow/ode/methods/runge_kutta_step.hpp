#pragma once

#include "hollow/ode/detail/dense_output.hpp"
#include "hollow/ode/methods/tableau.hpp"

namespace dimwise::ode {

/// One step of an explicit Runge–Kutta method: its stages, its end, and what is computed from them.
struct RungeKuttaStep {
  using Field = std::function<State(double t, const State& y)>;

  const Tableau* tableau = nullptr;
  double t = 0, t1 = 0;
  State y;
  std::vector<State> k;                ///< f at the stages so far; the first one is given
  std::vector<bool> quadratures = {};  ///< as in OdeOptions
  State y1 = {}, last_argument = {};   ///< the end, and y of the last stage before it

  double h() const { return t1 - t; }
  /// Evaluates the stages before `end` that are not known yet.
  void evaluate(size_t end, const Field& f);
  /// Evaluates y1, and the stages before it.
  void advance(const Field& f);
  /// h Σ_j weights_j k_j, such as an error estimate.
  State estimate(const std::vector<double>& weights) const;
  /// Evaluates the stages that only the interpolant reads.
  Interpolant interpolant(const Field& f);

 private:
  State moved(const std::vector<double>& weights, bool skip_quadratures) const;
};

/// The norm of an error from those of two estimates, as `Tableau::error_low` has it.
double combined_error(double size, double low);

}  // namespace dimwise::ode
