#pragma once

#include <optional>

#include "hollow/ode/implicit/corrector.hpp"
#include "hollow/ode/methods/family.hpp"

namespace dimwise::ode {

/// The polynomial of a multistep method in Nordsieck's form: z_j = h^j y^(j) / j!, j = 0 … order.
using Nordsieck = std::vector<State>;

/// The times of the last solutions, in units of the current step: past[j] = (t1 − t_(j+1 steps before t1)) / h, so
/// past[0] = 1. Polynomials are given by their coefficients.
using Past = std::vector<double>;

/// The coefficients of a step of a given order, computed from `Past`.
struct MultistepStep {
  /// The corrected polynomial is the predicted one plus l(x)·(y1 − predicted y1), x = (t − t1)/h; l(0) = 1.
  std::vector<double> l;
  // The local error as a multiple of y1's correction e: error·‖e‖; of the order below, lower·‖z_order‖; of the order
  // above, higher·‖e − (ratio / previous ratio)·(h / previous h)^(order+1)·previous e‖.
  double error = 0, lower = 0, higher = 0, ratio = 0;
};

/// A family of multistep methods, as data: Adams, BDF. Byrne & Hindmarsh, A polyalgorithm for the numerical solution of
/// ordinary differential equations (1975); Hairer, Nørsett & Wanner, Solving ODEs I, III.5–7.
struct MultistepFamily {
  std::string name;
  int max_order;
  bool stiff;      // `automatic` starts with Newton if no diagonal is known
  bool explicit_;  // whether the corrector is applied once (PECE)
  std::function<MultistepStep(int order, const Past& past)> step;
  /// z_order times this is subtracted from the polynomial to lower the order by one. past[0] is one step before t1.
  std::function<std::vector<double>(int order, const Past& past)> lower;
  /// The last correction times this is added to raise the order by one.
  std::function<std::vector<double>(int order, const Past& past)> raise;
};
const std::vector<const MultistepFamily*>& multistep_families();
const MultistepFamily& adams_moulton();
const MultistepFamily& adams_bashforth_moulton();
const MultistepFamily& bdf_family();

// Helpers for polynomials of the families.
std::vector<double> times_linear(const std::vector<double>& p, double constant, double slope);

/// A multistep method of variable order and step.
class Multistep final : public Stepper {
 public:
  Multistep(const MultistepFamily& family, const std::shared_ptr<System>& system, double t, const State& y,
            State derivative);
  /// Starts from an exact polynomial of that step length, with equal previous steps: for tests of the order.
  Multistep(const MultistepFamily& family, const std::shared_ptr<System>& system, double t, Nordsieck z, double h);
  std::unique_ptr<Stepper> clone() const override;

  double first_dt(double end) override;
  Attempt attempt(double t1, bool control) override;
  double accept(const Attempt& attempt) override;
  double reject(const Attempt& attempt) override;
  Interpolant interpolant() override;
  void replace(State y) override;
  std::optional<int> order() const override { return begun_afresh_ ? -1 : order_; }
  void prescribe(int order) override;
  void visit(const std::function<void(Tensor&)>& each) override;

 private:
  int highest() const;
  void begin(double end);
  Past past(double h) const;
  Nordsieck base() const;
  Nordsieck predicted(const Nordsieck& z, double ratio) const;
  bool correct(double h, const State& weights, bool patient);
  double choose_next(const Attempt& attempt, double ratio_before);

  const MultistepFamily& family_;
  std::optional<Corrector> corrector_;
  // The current solution: the polynomial at t_, scaled to steps of h_, and the lengths of the last steps, latest first.
  Nordsieck z_;
  int order_ = 1;
  double h_ = 1;
  std::vector<double> lengths_;
  State correction_;       // of the step last taken
  State last_correction_;  // of the previous step of the same order; empty if none
  double last_ratio_ = 0;
  bool begun_afresh_ = false;
  // What the next attempt uses: an order, or a restart.
  int next_order_ = 1;
  bool restart_ = false;
  int wait_ = 2;  // steps until the order is reconsidered
  double grow_most_;
  int failures_ = 0;  // failed error tests of this step
  // The last attempted step.
  struct Tried {
    double h = 0;
    int order = 1;
    bool restart = false;
    Nordsieck predicted;
    MultistepStep step;
    StepEquation equation;
    State y, correction;
  } tried_;
};

}  // namespace dimwise::ode
