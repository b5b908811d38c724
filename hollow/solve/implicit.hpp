#pragma once

#include <optional>

#include "autodiff/transforms.hpp"
#include "hollow/solve/linear/sparsity_pattern.hpp"

namespace dimwise {

/// How the linear system of the implicit function theorem is solved.
enum class ImplicitMethod : uint8_t {
  automatic,  ///< dense up to 32 dimensions, krylov above, and for coupled rows
  dense,      ///< n pulls, then an LU factorization of each row's matrix, reused by all sweeps
  krylov,     ///< GMRES, one sweep per iteration; all rows are one system
};

/// Which unknowns of (…, n) depend on each other: those of a row, or all.
enum class RowCoupling : uint8_t {
  automatic,  ///< of rows, after a check of the first Jacobian: one pull
  rows,  ///< of a row: one n × n Jacobian for each, all of them by n pulls. Not checked: wrong if rows are coupled
  full,  ///< all N: one N × N Jacobian, by N pulls
};

struct ImplicitOptions {
  ImplicitMethod method = ImplicitMethod::automatic;
  Tensor diagonal = {};  ///< ∂F_i/∂y_i at y, of the shape of y: preconditions GMRES; undefined if unknown
  double rtol = 0;       ///< of GMRES; 0 for 1e-10 in float64, 1e-5 in float32
  int64_t restart = 30, max_iterations = 300;  ///< of GMRES
  /// The entries of ∂F/∂y that may differ from 0: in place of the dense method, and of GMRES unless it is asked for,
  /// its values take as many sweeps as the pattern has colors, and a sparse LU solves. They are compared with one more
  /// sweep; if the pattern lacks an entry, GMRES solves with these factors as preconditioner. Not used if F has a rule
  /// without jvp.
  std::optional<SparsityPattern> sparsity = std::nullopt;
  /// Of the dense method, which throws if `automatic` finds coupled rows. GMRES takes all unknowns as one system.
  RowCoupling coupling = RowCoupling::automatic;
};

/// Whether the system of a root with n dimensions is solved by GMRES, which the diagonal preconditions.
bool uses_krylov(const ImplicitOptions& options, int64_t n);

/// y itself, a root of F(y) = 0, with the derivative given by the implicit function theorem: dy = −M⁻¹ dF, M = ∂F/∂y at
/// y.
///
/// `residual` is F, evaluated once here, at an untracked copy of y. Tracked tensors that it captures get their
/// gradients: for a cotangent w, Mᵀ u = w is solved, and −u is pulled back through F's record. If it captures none, or
/// the thread does not record, the result is untracked. The computation that found y is not differentiated. Only once
/// differentiable, in reverse and forward mode; second derivatives throw ValueError. Throws ShapeError if F(y) does not
/// fit y; the sweep throws ValueError if M is singular, or rows of y, of shape (…, n), are coupled; SolverError if
/// GMRES does not converge. Krantz & Parks, The Implicit Function Theorem (2002).
///
/// Example, √a and its derivative 1 / (2√a):
/// ```cpp
/// const Tensor a = track(tensor({2}, DType::float64));
/// const Tensor y = implicit_root([&](const Tensor& y) { return y * y - a; }, sqrt(stop_gradient(a)));
/// const Tensor g = grad(sum(y), a);
/// ```
Tensor implicit_root(const Function& residual, const Tensor& y, const ImplicitOptions& options = {});

}  // namespace dimwise
