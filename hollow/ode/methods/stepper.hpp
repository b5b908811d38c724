#pragma once

#include <functional>
#include <limits>
#include <memory>

#include "hollow/ode/detail/dense_output.hpp"
#include "hollow/ode/detail/system.hpp"

namespace dimwise::ode {

/// What came of trying a step.
struct Attempt {
  double error = 0;       ///< in units of the tolerance: acceptable up to 1
  bool converged = true;  ///< whether the implicit equations were solved
  Component bad = {};     ///< the first component of y that is not finite
  Component worst = {};   ///< the component with the largest error, where the step is not acceptable
  State y1 = {};          ///< where the step ended, for messages

  bool acceptable() const { return converged && bad.tensor < 0 && error <= 1; }
};

/// A method of solving y' = f(t, y) step by step: it holds where the solution stands, and proposes how to go on.
///
/// The driver calls `attempt`, then either `accept` or `reject`; an attempt changes nothing that a later attempt reads.
class Stepper {
 public:
  Stepper(std::shared_ptr<System> system, double t, State y, State derivative)
      : system_(std::move(system)), t_(t), y_(std::move(y)), derivative_(std::move(derivative)) {}
  virtual ~Stepper() = default;
  /// A method that would go on as this one; what the last step leaves for `interpolant` is not copied.
  virtual std::unique_ptr<Stepper> clone() const = 0;

  double t() const { return t_; }
  const State& y() const { return y_; }
  /// f(t, y), evaluated where it is not known.
  const State& derivative();

  /// A first step length.
  virtual double first_dt(double direction) = 0;
  /// Tries a step to t1; with `control`, estimates its error.
  virtual Attempt attempt(double t1, bool control) = 0;
  /// Takes the step tried. Returns the length that a controlled solve would try next.
  virtual double accept(const Attempt& attempt) = 0;
  /// Returns the length to try instead.
  virtual double reject(const Attempt& attempt) = 0;
  /// The step last taken, for reading between its ends. May evaluate f.
  virtual Interpolant interpolant() = 0;

  /// Multistep methods: the order of the step last taken, negative where it began afresh; and the same for the next
  /// attempt, as a replay has it.
  virtual int order() const { return 0; }
  virtual void prescribe(int) {}
  /// Whether h·|λ| of late lay at the bound of the method's stability, so that stability and not accuracy chose the
  /// step.
  virtual bool stability_limited() const { return false; }
  /// Every tensor that later steps depend on.
  virtual void visit(const std::function<void(Tensor&)>& each);

 protected:
  Stepper(const Stepper&) = default;

  std::shared_ptr<System> system_;
  double t_;
  State y_;
  State derivative_;  // f(t, y), or empty
};

/// The method of that name at (t, y). Throws ValueError listing the names there are.
std::unique_ptr<Stepper> make_stepper(const std::shared_ptr<System>& system, double t, const State& y,
                                      State derivative);

/// A first step length for a method of that order, from one more evaluation of f. Hairer, Nørsett, Wanner, Solving ODEs
/// I, II.4.
double first_step(System& system, double t, double direction, const State& y, const State& derivative, int order);

}  // namespace dimwise::ode
