#pragma once

#include "autodiff/base/rng.hpp"
#include "nn/module.hpp"

namespace dimwise {

/// Independent 0/1 variables with P(x = 1) = sigmoid(logits), logits of shape (…, d).
struct Bernoulli {
  Tensor logits;

  /// Σ x·logits − softplus(logits), of shape (…), for x in [0, 1]: numerically stable for all logits. Throws
  /// ShapeError.
  Tensor log_prob(const Tensor& x) const;
  /// 0s and 1s, untracked; with a shape, that many: (shape…, …, d).
  Tensor sample(const Rng& rng, const Shape& shape = {}) const;
  /// sigmoid(logits).
  Tensor mean() const;
  /// Σ softplus(logits) − logits·sigmoid(logits), in nats, of shape (…).
  Tensor entropy() const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("logits", self.logits);
  }
};

}  // namespace dimwise
