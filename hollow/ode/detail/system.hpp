#pragma once

#include "hollow/ode/detail/norm.hpp"
#include "hollow/ode/odeint.hpp"

namespace dimwise::ode {

/// Thrown by System where `max_evaluations` would be passed; the driver turns it into a status.
struct OutOfEvaluations {};

/// Throws ShapeError or DTypeError where k is not of the structure of y.
void check_structure(const State& k, const State& y);

/// What all parts of a solve share: the right-hand side, counted and checked, the norm, and the unknowns of implicit
/// equations, which are the state tensors side by side along their last axis, without quadratures.
class System {
 public:
  System(const OdeTerm& term, const State& y0, const OdeOptions& options);

  /// f(t, y). Throws ShapeError or DTypeError where the result is not of the state's structure, OutOfEvaluations.
  State f(double t, const State& y);

  /// The unknowns of y, (…, n); y itself where it is one tensor.
  Tensor pack(const State& y) const;
  /// `like` with its unknowns replaced by those of u.
  State unpack(const Tensor& u, const State& like) const;

  /// f and the packed D f, untracked: by the term, or by its Jacobian.
  struct WithDiagonal {
    State f;
    Tensor d;
  };
  WithDiagonal with_diagonal(double t, const State& y);
  /// ∂f/∂y of the unknowns, (…, n, n), untracked.
  Tensor jacobian(double t, const State& y);
  /// f at y, and v ↦ ∂f/∂y v of the unknowns: one recorded evaluation, then a forward sweep a product. Untracked.
  struct Linearized {
    State f;
    std::function<Tensor(const Tensor& v)> product;
  };
  Linearized linearize(double t, const State& y);

  /// Length of a row of unknowns.
  int64_t unknowns() const;
  bool has_diagonal() const { return term_.with_diagonal != nullptr; }
  bool quadrature(size_t i) const { return !options.quadratures.empty() && options.quadratures[i]; }

  const OdeOptions options;
  const Norm norm;          // of states
  const Norm unknown_norm;  // of packed unknowns, all of them
  OdeStatistics statistics;

 private:
  void count();
  // Unknowns as one tracked leaf, and f of it, recorded.
  std::pair<Tensor, State> recorded(double t, const State& y);

  OdeTerm term_;
  State like_;                    // structure only
  std::vector<size_t> unknowns_;  // the tensors that hold them
};

/// Whether a step from this state is to be recorded: the thread records, and something tracked has entered.
bool records(const State& y, const State& derivative);

/// Σ_j c_j s_j, tensor by tensor; terms with c_j = 0 are left out, the largest is best put last.
State combination(const std::vector<const State*>& states, const std::vector<double>& coefficients);

}  // namespace dimwise::ode
