#pragma once

#include "autodiff/base/rng.hpp"
#include "nn/module.hpp"
#include "ops/block_linear.hpp"

namespace dimwise {

/// y = x Wᵀ + b, with W of shape (out, in) as in PyTorch, and its default initial values: uniform within ±1/√in.
///
/// Example: `Linear layer(3, 8, rng.split("layer")); Tensor y = layer(x);`
struct Linear {
  Tensor weight, bias;

  Linear() = default;
  Linear(int64_t in, int64_t out, const Rng& rng, DType dtype = DType::float32, bool with_bias = true);

  /// x of shape (…, in) gives (…, out). Throws ShapeError.
  Tensor operator()(const Tensor& x) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("weight", self.weight);
    v("bias", self.bias);
  }
};

/// A MaskedLinear with its masked weight computed. Only the blocks that the mask keeps are multiplied.
struct PreparedLinear {
  Tensor weight, bias;
  Blocks blocks;

  Tensor operator()(const Tensor& x) const;
};

/// A Linear whose weight is multiplied by a fixed 0/1 mask of its shape.
///
/// `prepare` computes the masked weight once for many calls, recorded.
struct MaskedLinear {
  Tensor weight, bias;
  Constant mask;

  MaskedLinear() = default;
  MaskedLinear(const Tensor& mask, const Rng& rng, DType dtype = DType::float32);

  PreparedLinear prepare() const;
  Tensor operator()(const Tensor& x) const { return prepare()(x); }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("weight", self.weight);
    v("bias", self.bias);
    v("mask", self.mask);
  }
};

}  // namespace dimwise
