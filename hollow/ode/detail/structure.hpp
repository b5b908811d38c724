#pragma once

#include <optional>

#include "hollow/ode/odeint.hpp"
#include "hollow/solve/linear/detail/compressed_jacobian.hpp"

namespace dimwise::ode {

/// Thrown when the check of the first Jacobian finds coupled rows; `odeint` starts again.
struct RowsAreCoupled {
  OdeStatistics statistics;  ///< of the work so far
};

/// ∂f/∂y of the unknowns, (…, n, n), or its entries that may differ from 0. Neither if it was not computed.
struct Jacobian {
  Tensor dense = {};
  std::optional<SparseMatrix> sparse = std::nullopt;

  bool defined() const { return dense.defined() || sparse; }
  Tensor diagonal() const;
};

/// The sparsity pattern of ∂f/∂y: the one given, or one found by probing and widened where f needs it.
class Structure {
 public:
  explicit Structure(std::optional<SparsityPattern> given) : given_(given.has_value()), pattern_(std::move(given)) {}

  /// The Jacobian for unknowns like `like`, or nothing if no pattern is given and probing finds none that is sparse.
  /// Each is compared with the product with a random vector. Throws ValueError if a given pattern lacks an entry, and,
  /// with `check_rows`, RowsAreCoupled.
  std::optional<SparseMatrix> jacobian(const JacobianProducts& products, const Tensor& like, bool check_rows);
  /// The Jacobian with these values of the given pattern.
  SparseMatrix matrix(const Tensor& values, const Tensor& like) const;
  bool given() const { return given_; }

 private:
  void check_size(const Tensor& like) const;
  // Probes at this point too; the pattern is lost if it is not sparse.
  void widen(const JacobianProducts& products, const Tensor& like);

  bool given_, searched_ = false;
  std::optional<SparsityPattern> pattern_;
};

}  // namespace dimwise::ode
