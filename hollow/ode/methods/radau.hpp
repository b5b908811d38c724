#pragma once

#include <optional>

#include "hollow/ode/implicit/stage_matrix.hpp"
#include "hollow/ode/methods/stepper.hpp"
#include "hollow/ode/methods/tableau.hpp"

namespace dimwise::ode {

/// Radau IIA with three stages: order 5, L-stable, stiffly accurate. Hairer & Wanner, Solving ODEs II, IV.8.
///
/// The unknowns z_i = Y_i − y are solved together: M z = h A ⊗ f. The initial guess extrapolates the last step's
/// polynomial; the linearization is reused while the iteration contracts quickly. The error estimate of order 3 is
/// filtered by (I − h γ₀ ∂f/∂y)⁻¹ and scaled by RADAU5's 10·tolerance^(1/3), because it overestimates the error. The
/// step length follows from it by Gustafsson's predictive control and the number of iterations.
class Radau final : public Stepper {
 public:
  Radau(const std::shared_ptr<System>& system, double t, const State& y, State derivative);
  std::unique_ptr<Stepper> clone() const override;

  double first_dt(double end) override;
  Attempt attempt(double t1, bool control) override;
  double accept(const Attempt& attempt) override;
  double reject(const Attempt& attempt) override;
  Interpolant interpolant() override { return interpolant_of(taken_); }
  double interpolation_error() override;

 private:
  struct Step {
    double t = 0, t1 = 0;
    State y;
    std::vector<State> z;  // Y_i − y

    double h() const { return t1 - t; }
    double stage_time(size_t i) const;
  };

  Stages guess(const Step& step) const;
  bool solve(const Step& step, Stages& z);
  bool iterate(const Step& step, const Tensor& weights, Stages& z);
  Stages update(double h, const Stages& r, const Tensor& weights, double tolerance);
  std::vector<State> with_quadratures(const Step& step, const Stages& z) const;
  Stages residual(const Step& step, const Stages& z) const;
  State estimate(const State& derivative);
  State filtered(const State& error);
  void attach(Step& step);
  Interpolant interpolant_of(const Step& step) const;

  Linearization linearization_;
  StageMatrix real_, pair_;  // of the two blocks of A; the first also filters the error
  StagePattern pattern_;     // of the three stages' equations
  double rate_ = 1;          // the contraction last measured; 1 if unknown
  int iterations_ = 0;       // of the last attempt
  double before_ = 0;        // error and length of the previous accepted step; 0 if none
  double length_ = 0;
  bool rejected_ = false;  // whether this step was rejected before
  Step tried_, taken_;     // the first untracked
  std::optional<Interpolant> last_;
};

}  // namespace dimwise::ode
