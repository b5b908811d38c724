#pragma once

#include "autodiff/base/rng.hpp"
#include "nn/module.hpp"

namespace dimwise {

/// Independent 0/1 variables with P(x = 1) = sigmoid(logits), logits of shape (…, d).
struct Bernoulli {
  Tensor logits;

  /// Σ x·ln sigmoid(logits) + (1 − x)·ln sigmoid(−logits), of shape (…), for x of shape (…, d) in [0, 1] whose other
  /// axes broadcast with those of the logits. Each term keeps its relative accuracy; a logit of ±∞ gives 0 or −∞.
  /// Throws ShapeError.
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
