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
    std::vector<State> k, stages;  // stages[0] stays empty

    double h() const { return t1 - t; }
  };

  StepEquation equation(const Step& step, size_t stage) const;
  State guess(const Step& step, size_t stage, const StepEquation& equation) const;
  void add_stage(Step& step, const StepEquation& equation, State y) const;
  Interpolant interpolant_of(const Step& step) const;

  const Tableau& tableau_;
  double gamma_;
  std::vector<std::vector<double>> extrapolation_;  // of each stage's k from the previous ones
  StepControl control_;
  Corrector corrector_;
  Step tried_, taken_;               // the first untracked
  std::optional<Interpolant> last_;  // of the last accepted step, untracked
};

}  // namespace dimwise::ode
