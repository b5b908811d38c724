#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>

#include "hollow/ode/detail/dense_output.hpp"
#include "hollow/ode/detail/system.hpp"

namespace dimwise::ode {

/// The result of an attempted step.
struct Attempt {
  double error = 0;       ///< in units of the tolerance: acceptable up to 1
  bool converged = true;  ///< whether the implicit equations were solved
  Component bad = {};     ///< the first component of y that is not finite
  Component worst = {};   ///< the component with the largest error, if the step is not acceptable
  State y1 = {};          ///< the end of the step, for messages

  bool acceptable() const { return converged && bad.tensor < 0 && error <= 1; }
};

/// A method for y' = f(t, y), step by step. It holds the current (t, y) and proposes the next step length.
///
/// The driver calls `attempt`, then either `accept` or `reject`; an attempt changes nothing that a later attempt reads.
class Stepper {
 public:
  Stepper(std::shared_ptr<System> system, double t, State y, State derivative)
      : system_(std::move(system)), t_(t), y_(std::move(y)), derivative_(std::move(derivative)) {}
  virtual ~Stepper() = default;
  /// A stepper that continues like this one. The last step's data for `interpolant` is not copied.
  virtual std::unique_ptr<Stepper> clone() const = 0;

  double t() const { return t_; }
  const State& y() const { return y_; }
  /// f(t, y), evaluated if it is not known yet.
  virtual const State& derivative();

  /// A first step length on the way to `end`; f is not evaluated beyond it.
  virtual double first_dt(double end) = 0;
  /// Attempts a step to t1; with `control`, estimates its error.
  virtual Attempt attempt(double t1, bool control) = 0;
  /// Accepts the attempted step. Returns the next step length under step control.
  virtual double accept(const Attempt& attempt) = 0;
  /// Rejects the attempted step. Returns the length to try instead.
  virtual double reject(const Attempt& attempt) = 0;
  /// The interpolant of the last accepted step. May evaluate f.
  virtual Interpolant interpolant() = 0;

  /// The error between the ends of the attempted step, beyond that at its end, in units of the tolerance; 0 if the
  /// method's interpolant is as accurate as its steps. Evaluates f. Stiff components may be exact at the end of a long
  /// step, while the interpolant, a polynomial of the whole step, is wrong by their size.
  virtual double interpolation_error() { return 0; }

  /// Continues from another state at the same time, close to the present one.
  virtual void replace(State y) {
    y_ = std::move(y);
    derivative_.clear();
  }

  /// Methods of variable order: that of the last accepted step, negative after a restart, 0 of a switching method's
  /// explicit steps; the setter prescribes it for the next attempt of a replay.
  virtual std::optional<int> order() const { return std::nullopt; }
  virtual void prescribe(int) {}
  /// Whether h·|λ| was recently at the method's stability bound, so that stability, not accuracy, limits the step.
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

/// The method of that name at (t, y). Throws ValueError that lists the names.
std::unique_ptr<Stepper> make_stepper(const std::shared_ptr<System>& system, double t, const State& y,
                                      State derivative);

/// A first step length for a method of that order, from y' and, without a mass matrix, one more evaluation of f.
double first_step(System& system, double t, double end, const State& y, const State& derivative, int order);

}  // namespace dimwise::ode
