#pragma once

#include "autodiff/base/rng.hpp"
#include "nn/module.hpp"

namespace dimwise {

/// A mixture of k normal distributions with diagonal covariance and weights softmax(logits).
///
/// Example: `GaussianMixture m{zeros({3}), rng.normal({3, 2}), zeros({3, 2})}; Tensor lp = m.log_prob(x);`
struct GaussianMixture {
  Tensor logits;           ///< (k)
  Tensor mean, log_scale;  ///< (k, d)

  /// ln Σ_k softmax(logits)_k N(x; mean_k, e^log_scale_k), of shape (…) for x of shape (…, d). Throws ShapeError.
  Tensor log_prob(const Tensor& x) const;
  /// n untracked samples, of shape (n, d).
  Tensor sample(const Rng& rng, int64_t n) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("logits", self.logits);
    v("mean", self.mean);
    v("log_scale", self.log_scale);
  }
};

}  // namespace dimwise
