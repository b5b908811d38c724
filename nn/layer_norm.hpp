#pragma once

#include "nn/module.hpp"

namespace dimwise {

/// y = weight ⊙ (x − μ)/√(σ² + eps) + bias, with mean μ and variance σ² (of 1/n) of the last axis.
///
/// A row of equal numbers gives exactly the bias; rows of extreme size do not overflow. Ba, Kiros, Hinton: Layer
/// normalization (2016). Every element of y depends on the whole last axis of x.
struct LayerNorm {
  Tensor weight, bias;
  double eps = 1e-5;

  LayerNorm() = default;
  explicit LayerNorm(int64_t size, DType dtype = DType::float32)
      : weight(ones({size}, dtype)), bias(zeros({size}, dtype)) {}

  /// x of shape (…, size) keeps its shape. Throws ShapeError.
  Tensor operator()(const Tensor& x) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("weight", self.weight);
    v("bias", self.bias);
    v("eps", self.eps);
  }
};

}  // namespace dimwise
