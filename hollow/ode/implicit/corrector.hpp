#pragma once

#include <memory>

#include "hollow/ode/implicit/stage_matrix.hpp"

namespace dimwise::ode {

/// The equation of an implicit step: y = δ + γ f(t, y).
struct StepEquation {
  double t = 0, gamma = 0;
  State delta;
};

/// Solves the equations of implicit steps by y ← y − M⁻¹ (y − γ f(t, y) − δ).
///
/// M is 1 (functional), 1 − γ D f (jacobi_newton), I − γ ∂f/∂y by LU (newton) or by GMRES (newton_krylov). Diagonals
/// and factors are kept over many steps, until the iteration contracts too slowly or γ has changed (Brown, Byrne &
/// Hindmarsh, VODE, 1989). The contraction θ is measured, and the error after an update u is taken as
/// θ/(1 − θ)·‖u‖, so that a slow iteration does not stop early.
class Corrector {
 public:
  /// `stiff`: whether the method is for stiff problems: `automatic` then starts with Newton rather than functional
  /// iteration where no diagonal is known.
  Corrector(std::shared_ptr<System> system, bool stiff);

  struct Result {
    State y;  ///< untracked
    bool converged = false;
  };
  /// Starts at `guess`; done when the error, in the norm of `weights`, is at most `tolerance`. `patient`: goes on as
  /// long as it converges, for the step cannot be taken shorter. Untracked.
  Result solve(const StepEquation& equation, const State& guess, const State& weights, double tolerance, bool patient);
  /// The same y, with the derivatives of the implicit function theorem: what a recorded step continues with.
  State attach(const StepEquation& equation, const State& y) const;

 private:
  // Where an iteration ended.
  enum class Outcome : uint8_t { converged, too_slow, not_finite };

  bool gives_up(Outcome outcome, bool patient);
  void fall_back();
  bool needs_setup(double gamma) const;
  // f at y; with `setup`, whatever of M is to be made anew.
  State evaluate(const StepEquation& equation, const State& y, bool setup);
  // M⁻¹ residual; undefined where M is singular.
  Tensor update(const Tensor& residual, double gamma, const Tensor& weights, double tolerance);
  Outcome iterate(const StepEquation& equation, const State& guess, const Tensor& weights, double tolerance, int most,
                  bool setup, State& y);

  std::shared_ptr<System> system_;
  bool stiff_;
  Linearization linearization_;
  StageMatrix matrix_;            // M, that of one stage
  double gamma_ = 0;              // with which M was made
  double rate_ = 1;               // the contraction last seen; 1 where it is not known
  double least_rate_ = 0;         // a contraction known otherwise, below which none is believed
  int age_ = 0, matrix_age_ = 0;  // solves since M, and since the Jacobian, were made
  double failing_ = 0;            // how often functional iteration failed of late
  bool made_ = false, matrix_bad_ = false;
};

}  // namespace dimwise::ode
