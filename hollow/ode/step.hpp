#pragma once

#include "hollow/ode/odeint.hpp"
#include "hollow/ode/tableau.hpp"

namespace dimwise::ode {

/// f, counted, with its results checked against the state.
class Field {
 public:
  Field(const VectorField& f, const State& like, int64_t& evaluations)
      : f_(f), like_(like), evaluations_(evaluations) {}

  /// f(t, y). Throws ShapeError or DTypeError where the result is not of the state's structure.
  State operator()(double t, const State& y) const;

 private:
  const VectorField& f_;
  const State& like_;
  int64_t& evaluations_;
};

/// Throws ShapeError or DTypeError where k is not of the structure of y.
void check_structure(const State& k, const State& y);

/// One step of a Runge–Kutta method, from (t, y) to (t1, y1), with its stages.
struct Step {
  double t = 0, t1 = 0;
  State y, y1;
  std::vector<State> k;

  double h() const { return t1 - t; }
};

/// A step. `k1` is f(t, y) if it is known, else empty; the last stage of an FSAL method is only evaluated if asked for.
Step make_step(const Tableau& method, const Field& f, double t, double t1, const State& y, State k1, bool last_stage,
               const std::vector<bool>& quadratures);

/// Evaluates the stages that the interpolant needs and the step did not.
void complete(const Tableau& method, const Field& f, Step& step, const std::vector<bool>& quadratures);

/// y(at) of a complete step: the method's interpolant.
State interpolate(const Tableau& method, const Step& step, double at);

/// h Σ weights_i k_i with the weights of an error, untracked, for the controlled tensors (others are left undefined).
State error_estimate(const std::vector<double>& weights, const Step& step, const std::vector<bool>& controlled);

}  // namespace dimwise::ode
