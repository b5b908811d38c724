#pragma once

#include <cstddef>

namespace dimwise {

/// LU factors of a batch of matrices with one pattern, whose values are given in its order.
class SparseFactors {
 public:
  virtual ~SparseFactors() = default;
  /// The number of matrices.
  virtual void resize(size_t matrices) = 0;
  virtual void factor(size_t matrix, const double* values) = 0;
  /// Whether a pivot of any of the matrices is 0.
  virtual bool singular() const = 0;
  /// A⁻¹ b or A⁻ᵀ b, in place.
  virtual void solve(size_t matrix, double* b, bool transposed) const = 0;
};

}  // namespace dimwise
