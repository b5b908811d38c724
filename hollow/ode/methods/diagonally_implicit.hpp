#pragma once

#include <optional>

#include "hollow/ode/implicit/corrector.hpp"
#include "hollow/ode/methods/step_control.hpp"
#include "hollow/ode/methods/stepper.hpp"
#include "hollow/ode/methods/tableau.hpp"

namespace dimwise::ode {

/// A stiffly accurate, singly diagonally implicit Runge–Kutta method with an explicit first stage, given by its
/// tableau.
///
/// The corrector solves one equation per stage. The initial guess is the last step's polynomial for the first implicit
/// stage, and an extrapolation of the previous stages for the others.
///
/// With the explicit method of an additive pair, the stages of a split term are Y_i = y + h Σ_j (a_ij f(Y_j) + â_ij
/// g(Y_j)), and y₁ = y + h Σ_i b_i (f(Y_i) + g(Y_i)): only f is in the equations. Kennedy & Carpenter (2003).
class DiagonallyImplicit final : public Stepper {
 public:
  DiagonallyImplicit(const Tableau& tableau, const std::shared_ptr<System>& system, double t, const State& y,
                     State derivative);
  std::unique_ptr<Stepper> clone() const override;

  double first_dt(double end) override;
  Attempt attempt(double t1, bool control) override;
  double accept(const Attempt& attempt) override;
  double reject(const Attempt& attempt) override;
  Interpolant interpolant() override;
  double interpolation_error() override;

 private:
  struct Step {
    double t = 0, t1 = 0;
    State y, y1;
    std::vector<State> k, g, stages;  // g: of the non-stiff part, or none; stages[0] stays empty

    double h() const { return t1 - t; }
  };

  bool additive() const { return nonstiff_ != nullptr; }
  Step begin(double t1);
  State sum(const Step& step, const std::vector<double>& a, const std::vector<double>& explicit_a,
            const State* start) const;
  StepEquation equation(const Step& step, size_t stage) const;
  State guess(const Step& step, size_t stage, const StepEquation& equation) const;
  void add_stage(Step& step, const StepEquation& equation, State y) const;
  State end(const Step& step) const;
  Interpolant interpolant_of(const Step& step) const;

  const Tableau& tableau_;
  std::shared_ptr<System> stiff_, nonstiff_;  // all of f and null, or the parts of a split term
  std::vector<double> end_;                   // b minus the explicit method's last row
  std::vector<State> slopes_;                 // of the parts at (t, y), or empty
  double gamma_;
  std::vector<std::vector<double>> extrapolation_;  // of each stage's k from the previous ones
  StepControl control_;
  Corrector corrector_;
  Step tried_, taken_;               // the first untracked
  std::optional<Interpolant> last_;  // of the last accepted step, untracked
};

}  // namespace dimwise::ode
