#pragma once

#include "hollow/ode/detail/norm.hpp"
#include "hollow/ode/detail/structure.hpp"
#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// Thrown by System when `max_evaluations` would be exceeded; the driver turns it into a status.
struct OutOfEvaluations {};

/// More unknowns than this are not solved for with a dense Jacobian, unless it is asked for.
inline constexpr int64_t most_dense_unknowns = 200;

/// ∂f/∂y of the unknowns from elsewhere; without `dense`, only a sparse one.
using JacobianFunction = std::function<Jacobian(double t, const State& y, bool dense)>;

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
  /// `jacobian`: used instead of derivatives of f, if not null.
  System(const OdeTerm& term, const State& y0, const OdeOptions& options, const OdeStatistics& before = {},
         JacobianFunction jacobian = nullptr);

  bool split() const { return parts_.nonstiff != nullptr; }
  /// The parts of a split term, for methods that treat only the first implicitly.
  std::shared_ptr<System> stiff() const;
  std::shared_ptr<System> nonstiff() const;

  /// f(t, y). Throws ShapeError or DTypeError unless the result has the state's structure, and OutOfEvaluations.
  State f(double t, const State& y) { return f(scalar(t, DType::float64), y); }
  /// The same of a state with other rows, (rows, d), each at its own time, (rows, 1).
  State f(const Tensor& t, const State& y);

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
  /// ∂f/∂y of the unknowns, untracked: sparse if the term gives a pattern, or if many unknowns have one; otherwise
  /// dense, or, without `dense`, undefined. By differences if f is not recorded, as in plain loops. Throws
  /// RowsAreCoupled, and ValueError if the given pattern lacks an entry.
  Jacobian jacobian(double t, const State& y, bool dense = true);
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
  /// Whether equations can be solved with the diagonal of ∂f/∂y.
  bool has_diagonal() const { return term_.with_diagonal && !mass; }
  /// M u of unknowns; u itself without a mass matrix. Recorded. The other leaves quadratures as they are.
  Tensor times_mass(const Tensor& u) const { return mass ? mass->times(u) : u; }
  State times_mass(const State& y) const { return mass ? unpack(mass->times(pack(y)), y) : y; }
  /// The term's preconditioner at (t, y) for I − γ ∂f/∂y: a function of the unknowns. Null if it has none.
  std::function<Tensor(const Tensor& v)> preconditioner(double t, const State& y, double gamma) const;
  bool quadrature(size_t i) const { return !options.quadratures.empty() && options.quadratures[i]; }

  /// Whether a step from this state is recorded: the thread records, and the state, the derivative or M is tracked.
  bool records(const State& y, const State& derivative) const;

  const OdeOptions options;
  const std::optional<SparseMatrix> mass;                  // of a row of unknowns; nothing for I
  const Norm norm;                                         // of states
  const Norm unknown_norm;                                 // of all packed unknowns
  const std::shared_ptr<OdeStatistics> shared_statistics;  // of this system and its parts
  OdeStatistics& statistics = *shared_statistics;

 private:
  using Counters = std::vector<int64_t OdeStatistics::*>;
  std::shared_ptr<System> part(OdeTerm term, const char* function, Counters counters) const;
  void count();
  Shape row_shape(const Tensor& y) const;
  // f of the unknowns u of y: its value, that of the unknowns, and its tape; null if f is not recorded.
  struct Recorded {
    State f;
    Tensor u, out;
    std::shared_ptr<const Tape> tape;
  };
  Recorded recorded(double t, const State& y);
  // Products with ∂f/∂y at the unknowns u of y, where the recorded value of f is `out`: by a tape, or by differences.
  JacobianProducts products(double t, const State& y, const Tensor& u, const Tensor& out,
                            const std::shared_ptr<const Tape>& tape);
  Tensor difference_jacobian(const JacobianProducts& products, const Tensor& u) const;
  // The changes of the unknowns for differences: √ε |u|, and a fraction of the absolute tolerance, so that the
  // rounding of a step's change is small beside it.
  Tensor increments(const Tensor& u) const;
  // (f(y + s v) − f) / s with the largest such change for s v.
  Tensor difference(double t, const State& y, const Tensor& u, const Tensor& f, const Tensor& v);

  OdeTerm parts_, term_;        // as given, and what this system evaluates
  const char* function_ = "f";  // what messages call it
  Counters counters_;           // of its evaluations
  JacobianFunction jacobian_;
  Structure structure_;
  State like_;                    // structure only
  std::vector<size_t> unknowns_;  // the tensors that hold them
  RowCoupling coupling_;
  bool recorded_ = false;  // whether `check_recorded` passed
};

/// Σ_j c_j s_j, tensor by tensor. Terms with c_j = 0 are skipped; put the largest last for accuracy.
State combination(const std::vector<const State*>& states, const std::vector<double>& coefficients);

}  // namespace dimwise::ode
