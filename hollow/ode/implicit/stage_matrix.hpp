#pragma once

#include "hollow/ode/implicit/linearization.hpp"
#include "hollow/solve/linear/lu.hpp"

namespace dimwise::ode {

/// Denominators 1 − γ D closer to 0 are moved to ± this.
inline constexpr double smallest_denominator = 0.1;

/// Square coefficients a_ij that couple stages.
using Coupling = std::vector<std::vector<double>>;
/// The unknowns of each stage, (…, n).
using Stages = std::vector<Tensor>;

/// Solves (I − h A ⊗ ∂f/∂y) x = b for the stages x, with what a linearization knows of ∂f/∂y.
///
/// With the diagonal, a block of the size of A for each component; with the matrix, its LU, kept until h or the
/// linearization changes; with products, GMRES, preconditioned by the diagonal's blocks.
class StageMatrix {
 public:
  StageMatrix(std::shared_ptr<System> system, Coupling a) : system_(std::move(system)), a_(std::move(a)) {}

  /// x, or nothing where the matrix is singular. GMRES ends when the residual is below `tolerance` in the norm of the
  /// packed weights.
  Stages solve(const Linearization& of, double h, const Stages& b, const Tensor& weights, double tolerance);

 private:
  void prepare(const Linearization& of, double h);
  void invert_blocks(const Linearization& of, double h);
  void factorize(const Linearization& of, double h);
  Stages solve_blocks(const Stages& b) const;
  Stages iterate(const Linearization& of, const Stages& b, const Tensor& weights, double tolerance) const;

  std::shared_ptr<System> system_;
  Coupling a_;
  int64_t serial_ = 0;  // of the linearization that was prepared, with h_
  double h_ = 0;
  std::vector<Tensor> blocks_;  // the inverse blocks, entry by entry, each (…, n)
  std::shared_ptr<const Lu> lu_;
};

}  // namespace dimwise::ode
