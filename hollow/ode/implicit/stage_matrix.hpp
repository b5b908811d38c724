#pragma once

#include "hollow/ode/implicit/linearization.hpp"
#include "hollow/ode/implicit/stage_pattern.hpp"
#include "hollow/solve/linear/lu.hpp"
#include "hollow/solve/linear/sparse_lu.hpp"

namespace dimwise::ode {

/// What GMRES may leave of the tolerance of an iteration.
inline constexpr double krylov_share = 0.05;

/// Solves (I ⊗ M − h A ⊗ ∂f/∂y) x = b for the stages x, with a linearization's approximation of ∂f/∂y and the mass
/// matrix M, I unless the term has one.
///
/// Without any, x = b; with the diagonal, a block of the size of A is inverted for each component; with the matrix, LU,
/// dense or sparse; with products, GMRES preconditioned by the term or the diagonal's blocks. Preconditioners and
/// factors are reused until h or the linearization changes.
class StageMatrix {
 public:
  /// `factors_serve`: LU factors are reused while h differs from theirs by at most this fraction.
  StageMatrix(std::shared_ptr<System> system, Coupling a, double factors_serve = 1e-9)
      : system_(std::move(system)),
        a_(std::move(a)),
        factors_serve_(factors_serve),
        pattern_(a_.size(), system_->mass) {}

  /// Recomputes blocks and factors.
  void prepare(const Linearization& of, double h);
  /// x, or nothing if the matrix is singular or GMRES does not converge. It ends when the residual is below `tolerance`
  /// in the norm of the packed weights.
  Stages solve(const Linearization& of, double h, const Stages& b, const Tensor& weights, double tolerance);

 private:
  bool serves(const Linearization& of, double h) const;
  void factorize_blocks(const Tensor& diagonal, double h);
  std::shared_ptr<const Lu> dense_factors(const Tensor& jacobian, double h) const;
  void factorize(const SparseMatrix& jacobian, double h);
  Stages solve_blocks(const Stages& b) const;
  Function preconditioner(size_t stages) const;
  Stages iterate(const Linearization& of, double h, const Stages& b, const Tensor& weights, double tolerance) const;

  std::shared_ptr<System> system_;
  Coupling a_;
  double factors_serve_;
  int64_t serial_ = 0;  // of the linearization that was prepared with h_
  double h_ = 0;
  Tensor inverse_;  // of the blocks of one stage, (…, n)
  std::shared_ptr<const Lu> blocks_, matrix_;
  StagePattern pattern_;
  std::shared_ptr<SparseLu> sparse_;
  Function given_;  // the term's preconditioner
};

}  // namespace dimwise::ode
