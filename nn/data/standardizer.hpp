#pragma once

#include <string>
#include <vector>

#include "nn/module.hpp"

namespace dimwise {

/// Shifts and scales each column to mean 0 and standard deviation 1; saved with the model, not trained.
///
/// Example: `auto s = fit_standardizer(train, names); Tensor z = s.forward(x); Tensor log_p = flow_log_prob(z) +
/// s.log_det();`
struct Standardizer {
  Constant mean, scale;  ///< (d,)

  Standardizer() = default;
  /// The identity of dimension d.
  Standardizer(int64_t d, DType dtype);

  /// (x − mean) / scale, for x of shape (…, d).
  Tensor forward(const Tensor& x) const;
  /// z·scale + mean.
  Tensor inverse(const Tensor& z) const;
  /// ln |det ∂forward/∂x| = −Σ ln scale, 0-d.
  Tensor log_det() const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("mean", self.mean);
    v("scale", self.scale);
  }
};

/// The standardizer of the rows of x, of shape (n, d), computed in float64. Throws DataError that names a column that
/// is not finite, constant, and so has no scale, or whose standard deviation is below 16 units in the last place of its
/// mean in `dtype`; without names, columns are numbered from 1.
Standardizer fit_standardizer(const Tensor& x, const std::vector<std::string>& columns, DType dtype = DType::float32);

}  // namespace dimwise
