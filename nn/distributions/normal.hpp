#pragma once

#include "autodiff/base/rng.hpp"
#include "nn/module.hpp"

namespace dimwise {

// Distributions over the last axis. All values are differentiable with respect to x and the parameters; log-densities
// of x of shape (…, d) have shape (…).

/// ln 2π.
inline constexpr double log_2pi = 1.8378770664093454836;

/// The standard normal distribution in d dimensions.
///
/// Example: `StandardNormal base{.d = 2}; Tensor p = exp(base.log_prob(base.sample(Rng(0), {100})));`
struct StandardNormal {
  int64_t d = 1;

  /// −½ Σ x² − d/2·ln 2π. Throws ShapeError.
  Tensor log_prob(const Tensor& x) const;
  /// Of shape (…, d).
  Tensor sample(const Rng& rng, const Shape& shape, DType dtype = DType::float32) const;
  /// d/2·(1 + ln 2π).
  double entropy() const;
};

/// Independent normal distributions with mean and e^log_scale as standard deviation, which broadcast to (…, d).
///
/// Example: `DiagonalNormal q{mean, log_scale}; Tensor z = q.sample(rng); Tensor lq = q.log_prob(z);`
struct DiagonalNormal {
  Tensor mean, log_scale;

  /// −½ Σ ((x − mean)/scale)² − Σ log_scale − d/2·ln 2π, for x of shape (…, d) whose other axes broadcast with those of
  /// the parameters. Throws ShapeError.
  Tensor log_prob(const Tensor& x) const;
  /// mean + scale·ε, so that gradients reach the parameters; with a shape, that many: (shape…, …, d). `first_row` is
  /// the index of the first row along the first axis, so that a part of a batch draws the same noise as the whole.
  Tensor sample(const Rng& rng, const Shape& shape = {}, int64_t first_row = 0) const;
  /// Σ log_scale + d/2·(1 + ln 2π).
  Tensor entropy() const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("mean", self.mean);
    v("log_scale", self.log_scale);
  }
};

}  // namespace dimwise
