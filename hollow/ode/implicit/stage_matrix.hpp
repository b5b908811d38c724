#pragma once

#include "hollow/ode/implicit/linearization.hpp"
#include "hollow/solve/linear/lu.hpp"

namespace dimwise::ode {

/// Square coefficients a_ij that couple stages.
using Coupling = std::vector<std::vector<double>>;
/// The unknowns of each stage, (…, n).
using Stages = std::vector<Tensor>;

/// Solves (I − h A ⊗ ∂f/∂y) x = b for the stages x, with what a linearization knows of ∂f/∂y.
///
/// With nothing, x = b; with the diagonal, a block of the size of A for each component; with the matrix, its LU; with
/// products, GMRES, preconditioned by the diagonal's blocks. Blocks and factors are kept until h or the linearization
/// changes.
class StageMatrix {
 public:
  /// LU factors serve as long as h differs from theirs by no more than this share.
  StageMatrix(std::shared_ptr<System> system, Coupling a, double factors_serve = 1e-9)
      : system_(std::move(system)), a_(std::move(a)), factors_serve_(factors_serve) {}

  /// Forms blocks and factors anew.
  void prepare(const Linearization& of, double h);
  /// x, or nothing where the matrix is singular. GMRES ends when the residual is below `tolerance` in the norm of the
  /// packed weights.
  Stages solve(const Linearization& of, double h, const Stages& b, const Tensor& weights, double tolerance);

 private:
  bool serves(const Linearization& of, double h) const;
  void factorize_blocks(const Tensor& diagonal, double h);
  void factorize(const Tensor& jacobian, double h);
  Stages solve_blocks(const Stages& b) const;
  Stages iterate(const Linearization& of, double h, const Stages& b, const Tensor& weights, double tolerance) const;

  std::shared_ptr<System> system_;
  Coupling a_;
  double factors_serve_;
  int64_t serial_ = 0;  // of the linearization that was prepared, with h_
  double h_ = 0;
  Tensor inverse_;  // of the blocks of one stage, (…, n)
  std::shared_ptr<const Lu> blocks_, matrix_;
};

}  // namespace dimwise::ode
