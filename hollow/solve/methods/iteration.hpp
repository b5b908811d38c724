#pragma once
// What a method of find_root is: how one iterate follows from another.

#include <memory>

#include "autodiff/tape.hpp"
#include "hollow/solve/methods/scale.hpp"
#include "hollow/solve/root.hpp"

namespace dimwise::roots {

/// An iterate and what is known there. y and f are recorded if the iterations are to be differentiated.
struct Point {
  Tensor y, f;
  Tensor diagonal;                   ///< if it came with f
  std::shared_ptr<const Tape> tape;  ///< from y to f, if asked for
};

/// Evaluates an equation, and counts.
class Evaluator {
 public:
  /// `gradient`: whether an implicit gradient may be wanted, so that the first evaluation looks for captured tensors,
  /// and one evaluation is set aside where there are any.
  Evaluator(const RootProblem& equation, const RootOptions& options, bool gradient)
      : equation_(equation), options_(options), gradient_(gradient), looks_(gradient) {}

  bool exhausted() const { return statistics.evaluations + (wants_gradient() ? 1 : 0) >= options_.max_evaluations; }
  bool wants_gradient() const { return gradient_ && captures_; }
  bool has_diagonal() const { return equation_.diagonal || equation_.both; }
  /// F at y: with a tape from y to F, and with the diagonal if that comes with it.
  Point at(const Tensor& y, bool tape, bool diagonal);
  /// The diagonal at a point, kept away from 0; undefined where the equation has none.
  Tensor diagonal(const Point& at);

  RootStatistics statistics;

 private:
  const RootProblem& equation_;
  const RootOptions& options_;
  const bool gradient_;
  bool looks_, captures_ = false;
};

/// What each method knows of the solve.
struct Solve {
  const RootOptions& options;
  Evaluator& evaluator;
};

class Iteration {
 public:
  struct Traits {
    bool tape = false;         ///< wants a tape from y to F
    bool diagonal = false;     ///< wants the diagonal at every point
    bool superlinear = false;  ///< its θ falls, so that the last one tells
    bool searches = false;     ///< its updates are shortened until the corrections shrink
    bool coupled = false;      ///< its updates are good for all rows together only, so they are shortened together
    bool steady = false;       ///< its θ stays, so that the end can be foretold
    bool damps = false;        ///< its updates are damped already
    int patience = 3;          ///< so many θ ≥ 1 in a row mean that it diverges
  };
  struct Update {
    Tensor step;        ///< to be added to y; undefined where there is none, because C does not exist
    Tensor correction;  ///< C F, where that is not −step
  };

  explicit Iteration(const Traits& traits) : traits(traits) {}
  Iteration(const Iteration&) = delete;
  Iteration& operator=(const Iteration&) = delete;
  virtual ~Iteration() = default;

  /// Called with the successive points of the iteration.
  virtual Update update(const Point& at, const Scale& scale) = 0;
  /// C f with the C of the last update, for the f of another point.
  virtual Tensor correction(const Tensor& f) const = 0;

  const Traits traits;
};

/// `image` = A f as an op that is linear in f, A being constant; the functions f ↦ A f and w ↦ Aᵀ w are for sweeps.
Tensor constant_map(const Tensor& f, const Tensor& image, const Function& a, const Function& transposed);

std::unique_ptr<Iteration> make_picard(const Solve& solve);
std::unique_ptr<Iteration> make_anderson(const Solve& solve);
std::unique_ptr<Iteration> make_jacobi_newton(const Solve& solve);
std::unique_ptr<Iteration> make_broyden(const Solve& solve);
std::unique_ptr<Iteration> make_newton_krylov(const Solve& solve);
std::unique_ptr<Iteration> make_newton(const Solve& solve);

/// What became of one method.
struct Outcome {
  RootStatus status = RootStatus::converged;
  Point best;  ///< the root, or the iterate with the smallest residual
  double residual = std::numeric_limits<double>::infinity();
  int64_t iterations = 0;
  double contraction = 0, error = std::numeric_limits<double>::infinity();
};

/// The loop of all methods.
Outcome iterate(Iteration& method, const Tensor& y0, const Solve& solve);

}  // namespace dimwise::roots
