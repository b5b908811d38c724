#pragma once

#include <optional>

#include "hollow/ode/implicit/stage_matrix.hpp"
#include "hollow/ode/methods/stepper.hpp"
#include "hollow/ode/methods/tableau.hpp"

namespace dimwise::ode {

/// Radau IIA with three stages: order 5, L-stable, stiffly accurate. Hairer & Wanner, Solving ODEs II, IV.8.
///
/// The unknowns are z_i = Y_i − y, together: z = h A ⊗ f. They start from the last step's polynomial extrapolated; what
/// is known of ∂f/∂y is kept for as long as the iteration contracts quickly. The error estimate of order 3 passes the
/// filter (I − h γ₀ ∂f/∂y)⁻¹ and is scaled by RADAU5's 10·tolerance^(1/3), for it overstates the error; the step
/// follows from it by Gustafsson's predictive control and the count of iterations.
class Radau final : public Stepper {
 public:
  Radau(const std::shared_ptr<System>& system, double t, const State& y, State derivative);
  std::unique_ptr<Stepper> clone() const override;

  double first_dt(double direction) override;
  Attempt attempt(double t1, bool control) override;
  double accept(const Attempt& attempt) override;
  double reject(const Attempt& attempt) override;
  Interpolant interpolant() override { return interpolant_of(taken_); }

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
  void attach(Step& step) const;
  Interpolant interpolant_of(const Step& step) const;

  Linearization linearization_;
  StageMatrix real_, pair_;  // of the two blocks of A; the first filters the error, too
  double rate_ = 1;          // the contraction last seen; 1 where it is not known
  int iterations_ = 0;       // of the step last tried
  double before_ = 0;        // the error of the step before the one taken, and its length; 0 where there was none
  double length_ = 0;
  bool rejected_ = false;  // whether this step was tried before
  Step tried_, taken_;     // the first untracked
  std::optional<Interpolant> last_;
};

}  // namespace dimwise::ode
