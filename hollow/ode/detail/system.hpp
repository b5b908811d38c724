#pragma once

#include "hollow/ode/detail/norm.hpp"
#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// Thrown by System when `max_evaluations` would be exceeded; the driver turns it into a status.
struct OutOfEvaluations {};

/// Thrown by System when the check of the first Jacobian finds coupled rows; `odeint` starts again.
struct RowsAreCoupled {
  OdeStatistics statistics;  ///< of the work so far
};

/// Throws ShapeError or DTypeError unless k, which that function returned, has the structure of y.
void check_structure(const State& k, const State& y, const char* function = "f");
bool any_tracked(const State& s);
/// Throws ValueError if k = term(t, y) of a tracked y is not tracked, but changes with y: its gradient would be lost.
/// Costs an evaluation if k is not tracked.
void check_recorded(const OdeTerm& term, const Tensor& t, const State& y, const State& k);

/// What all parts of a solve share: the right-hand side, counted and checked, the norm, and the unknowns of implicit
/// equations. The unknowns are the state tensors concatenated along their last axis, without quadratures; with
/// RowCoupling::full, they are one row.
///
/// Of a split term it is the sum; its parts are systems of their own with the same statistics.
class System {
 public:
  System(const OdeTerm& term, const State& y0, const OdeOptions& options, const OdeStatistics& before = {});

  bool split() const { return parts_.nonstiff != nullptr; }
  /// The parts of a split term, for methods that treat only the first implicitly.
  std::shared_ptr<System> stiff() const;
  std::shared_ptr<System> nonstiff() const;

  /// f(t, y). Throws ShapeError or DTypeError unless the result has the state's structure, and OutOfEvaluations.
  State f(double t, const State& y);

  /// The unknowns of y, (…, n) or (n); y itself if it is one tensor.
  Tensor pack(const State& y) const;
  /// `like` with its unknowns replaced by those of u.
  State unpack(const Tensor& u, const State& like) const;

  /// f and the packed D f, untracked: from the term's `with_diagonal`, or from its Jacobian.
  struct WithDiagonal {
    State f;
    Tensor d;
  };
  WithDiagonal with_diagonal(double t, const State& y);
  /// ∂f/∂y of the unknowns, (…, n, n), untracked. By differences if f is not recorded, as in plain loops.
  /// Throws RowsAreCoupled.
  Tensor jacobian(double t, const State& y);
  /// f at y, and v ↦ ∂f/∂y v of the unknowns: one recorded evaluation, then one forward sweep per product, or a
  /// difference if f is not recorded. Untracked.
  struct Linearized {
    State f;
    std::function<Tensor(const Tensor& v)> product;
  };
  Linearized linearize(double t, const State& y);

  /// How equations of the unknowns are differentiated: `automatic` as long as no Jacobian was checked.
  RowCoupling coupling() const { return coupling_; }
  /// The length of a row of unknowns.
  int64_t unknowns() const;
  bool has_diagonal() const { return term_.with_diagonal != nullptr; }
  bool quadrature(size_t i) const { return !options.quadratures.empty() && options.quadratures[i]; }

  const OdeOptions options;
  const Norm norm;                                         // of states
  const Norm unknown_norm;                                 // of all packed unknowns
  const std::shared_ptr<OdeStatistics> shared_statistics;  // of this system and its parts
  OdeStatistics& statistics = *shared_statistics;

 private:
  using Counters = std::vector<int64_t OdeStatistics::*>;
  std::shared_ptr<System> part(OdeTerm term, const char* function, Counters counters) const;
  void count();
  Shape row_shape(const Tensor& y) const;
  // The unknowns as one tracked leaf, and f of it, recorded.
  std::pair<Tensor, State> recorded(double t, const State& y);
  // By differences of f, whose value at the unknowns u of y is given.
  Tensor difference_jacobian(double t, const State& y, const Tensor& u, const Tensor& f);
  // The changes of the unknowns for differences: √ε |u|, and a fraction of the absolute tolerance, so that the
  // rounding of a step's change is small beside it.
  Tensor increments(const Tensor& u) const;
  // (f(y + s v) − f) / s with the largest such change for s v.
  Tensor difference(double t, const State& y, const Tensor& u, const Tensor& f, const Tensor& v);

  OdeTerm parts_, term_;          // as given, and what this system evaluates
  const char* function_ = "f";    // what messages call it
  Counters counters_;             // of its evaluations
  State like_;                    // structure only
  std::vector<size_t> unknowns_;  // the tensors that hold them
  RowCoupling coupling_;
  bool recorded_ = false;  // whether `check_recorded` passed
};

/// Whether a step from this state is recorded: the thread records, and the state or the derivative is tracked.
bool records(const State& y, const State& derivative);

/// Σ_j c_j s_j, tensor by tensor. Terms with c_j = 0 are skipped; put the largest last for accuracy.
State combination(const std::vector<const State*>& states, const std::vector<double>& coefficients);

}  // namespace dimwise::ode
