#pragma once

#include <memory>

#include "hollow/ode/implicit/stage_matrix.hpp"

namespace dimwise::ode {

/// The equation of an implicit step: y = δ + γ f(t, y), or M y = M δ + γ f(t, y) with a mass matrix M.
struct StepEquation {
  double t = 0, gamma = 0;
  State delta;
};

/// Solves the equations of implicit steps by y ← y − P⁻¹ (y − γ f(t, y) − δ).
///
/// P is 1 (functional), 1 − γ D f (jacobi_newton), I − γ ∂f/∂y by LU (newton) or by GMRES (newton_krylov). Diagonals
/// and factors are reused over many steps, until the iteration contracts too slowly or γ changes (Brown,
/// Byrne & Hindmarsh, VODE, 1989). The contraction θ is measured, and the error after an update u is estimated as
/// θ/(1 − θ)·‖u‖, so that a slow iteration does not stop early.
class Corrector {
 public:
  /// `stiff`: whether the method is for stiff problems. `automatic` then starts with Newton instead of functional
  /// iteration if no diagonal is known.
  Corrector(std::shared_ptr<System> system, bool stiff);

  struct Result {
    State y;  ///< untracked
    bool converged = false;
  };
  /// Iterates from `guess` until the estimated error, in the norm of `weights`, is at most `tolerance`. `patient`:
  /// continues as long as it converges, because the step cannot be shortened. Untracked.
  Result solve(const StepEquation& equation, const State& guess, const State& weights, double tolerance, bool patient);
  /// P⁻¹ γ (slope − f(t, y)): how far y is from the solution, if it has that slope. Untracked.
  State defect(double t, double gamma, const State& y, const State& slope);
  /// The same y, with derivatives by the implicit function theorem. A recorded step continues with it.
  State attach(const StepEquation& equation, const State& y);

 private:
  // How an iteration ended.
  enum class Outcome : uint8_t { converged, too_slow, not_finite };

  bool gives_up(Outcome outcome, bool patient);
  void fall_back();
  bool needs_setup(double gamma) const;
  // f at y; with `setup`, also recomputes the parts of P that are out of date.
  State evaluate(const StepEquation& equation, const State& y, bool setup);
  // The residual of the equation at the unknowns u, where f is known.
  Tensor residual(const StepEquation& equation, const Tensor& delta, const Tensor& u, const State& f) const;
  // P⁻¹ residual; undefined if P is singular.
  Tensor update(const Tensor& residual, double gamma, const Tensor& weights, double tolerance);
  Outcome iterate(const StepEquation& equation, const State& guess, const Tensor& weights, double tolerance, int most,
                  bool setup, State& y);

  std::shared_ptr<System> system_;
  bool stiff_;
  Linearization linearization_;
  StageMatrix matrix_;            // P, of one stage
  StagePattern pattern_;          // of P
  double gamma_ = 0;              // of P
  double rate_ = 1;               // the contraction last measured; 1 if unknown
  double least_rate_ = 0;         // a lower bound of the contraction, known otherwise
  int age_ = 0, matrix_age_ = 0;  // solves since P, and since the Jacobian, were computed
  double failing_ = 0;            // how often functional iteration failed recently
  bool made_ = false, matrix_bad_ = false;
};

}  // namespace dimwise::ode
