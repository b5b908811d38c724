#pragma once

#include "autodiff/base/rng.hpp"
#include "nn/module.hpp"

namespace dimwise {

/// A normal distribution with full covariance L Lᵀ, usually fitted to data as a baseline.
///
/// Example: `auto g = MultivariateNormal::fit(train); double nats = -mean(g.log_prob(test)).item();`
struct MultivariateNormal {
  Constant mean;        ///< (d)
  Constant scale_tril;  ///< L, (d, d)

  /// The maximum likelihood fit to data of shape (n, d), plus `ridge` on the variances; computed in float64, returned
  /// in the data's dtype. Throws ShapeError; ValueError if a column is constant, not finite, or a linear combination of
  /// the others to one part in 10⁶.
  static MultivariateNormal fit(const Tensor& data, double ridge = 0);

  /// −½ |L⁻¹(x − mean)|² − Σ ln L_ii − d/2·ln 2π, of shape (…) for x of shape (…, d). Throws ShapeError.
  Tensor log_prob(const Tensor& x) const;
  /// Of shape (…, d).
  Tensor sample(const Rng& rng, const Shape& shape) const;
  /// Σ ln L_ii + d/2·(1 + ln 2π), in nats.
  Tensor entropy() const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("mean", self.mean);
    v("scale_tril", self.scale_tril);
  }
};

}  // namespace dimwise
