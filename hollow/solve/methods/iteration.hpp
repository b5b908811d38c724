#pragma once
// A method of find_root: how an iterate follows from the previous one.

#include <memory>

#include "autodiff/tape.hpp"
#include "hollow/solve/methods/scale.hpp"
#include "hollow/solve/root.hpp"

namespace dimwise::roots {

/// An iterate and the values computed there. y and f are recorded if the iterations are to be differentiated.
struct Point {
  Tensor y, f;
  Tensor diagonal;                   ///< if computed together with f
  std::shared_ptr<const Tape> tape;  ///< from y to f, if requested
};

/// Evaluates an equation and counts the evaluations.
class Evaluator {
 public:
  /// `gradient`: whether an implicit gradient may be needed. The first evaluation then looks for captured tensors, and
  /// one evaluation is reserved if there are any.
  Evaluator(const RootProblem& equation, const RootOptions& options, bool gradient)
      : equation_(equation), options_(options), gradient_(gradient), looks_(gradient) {}

  bool exhausted() const { return statistics.evaluations + (wants_gradient() ? 1 : 0) >= options_.max_evaluations; }
  bool wants_gradient() const { return gradient_ && captures_; }
  bool has_diagonal() const { return equation_.diagonal || equation_.both; }
  /// F at y: with a tape from y to F if `tape`, and with the diagonal if the equation computes both together.
  Point at(const Tensor& y, bool tape, bool diagonal);
  /// The diagonal at a point, kept away from 0; undefined if the equation has none.
  Tensor diagonal(const Point& at);

  RootStatistics statistics;

 private:
  const RootProblem& equation_;
  const RootOptions& options_;
  const bool gradient_;
  bool looks_, captures_ = false;
};

/// The parts of a solve that each method uses.
struct Solve {
  const RootOptions& options;
  Evaluator& evaluator;
};

class Iteration {
 public:
  struct Traits {
    bool tape = false;         ///< needs a tape from y to F
    bool diagonal = false;     ///< needs the diagonal at every point
    bool superlinear = false;  ///< its θ decreases, so the last one suffices
    bool exact = false;        ///< its C is (∂F)⁻¹, so that a small θ is that of the error
    bool descends = false;     ///< its updates are those of a trust region; needs the tape
    bool coupled = false;      ///< its updates are valid only for all rows together, which share a trust region
    bool steady = false;       ///< its θ is constant, so that convergence can be predicted
    bool damps = false;        ///< its updates are damped already
    int patience = 3;          ///< this many successive θ ≥ 1 mean divergence
  };
  struct Update {
    Tensor step;        ///< to be added to y; undefined if C does not exist
    Tensor correction;  ///< C F, if it differs from −step
    /// Of a method that descends: the weights with which a trust region measures F, undefined for ones, and the systems
    /// without a step of their own, which take that of steepest descent.
    Tensor weights = {};
    std::vector<bool> singular = {};
  };

  explicit Iteration(const Traits& traits) : traits(traits) {}
  Iteration(const Iteration&) = delete;
  Iteration& operator=(const Iteration&) = delete;
  virtual ~Iteration() = default;

  /// The update at a point. Called with successive points of the iteration.
  virtual Update update(const Point& at, const Scale& scale) = 0;
  /// C f with the C of the last update, for f at another point.
  virtual Tensor correction(const Tensor& f) const = 0;

  const Traits traits;
};

/// `image` = A f as an op that is linear in f, where A is constant; the sweeps use f ↦ A f and w ↦ Aᵀ w.
Tensor constant_map(const Tensor& f, const Tensor& image, const Function& a, const Function& transposed);

std::unique_ptr<Iteration> make_picard(const Solve& solve);
std::unique_ptr<Iteration> make_anderson(const Solve& solve);
std::unique_ptr<Iteration> make_jacobi_newton(const Solve& solve);
std::unique_ptr<Iteration> make_broyden(const Solve& solve);
std::unique_ptr<Iteration> make_newton_krylov(const Solve& solve);
std::unique_ptr<Iteration> make_newton(const Solve& solve);

/// The outcome of one method.
struct Outcome {
  RootStatus status = RootStatus::converged;
  Point best;  ///< the root, or the iterate with the smallest residual
  double residual = std::numeric_limits<double>::infinity();
  int64_t iterations = 0;
  double contraction = 0;
  double error = std::numeric_limits<double>::infinity(), residual_error = error;  ///< in tolerances
};

/// The loop that all methods share.
Outcome iterate(Iteration& method, const Tensor& y0, const Solve& solve);

}  // namespace dimwise::roots
