#pragma once

#include <vector>

#include "hollow/net/conditioning.hpp"

namespace dimwise {

/// f_i = τ_i(x_i, h_i): a separate network for each dimension, evaluated as one batched product.
struct PerDimensionTransformer {
  /// y = x W_i + b_i for dimension i: weight (d, in, out), bias (d, 1, out), x (d, rows, in).
  struct Layer {
    Tensor weight, bias;
    Tensor operator()(const Tensor& x) const;
    template <class Self, class Visitor>
    static void visit(Self& self, Visitor&& v) {
      v("weight", self.weight);
      v("bias", self.bias);
    }
  };
  Tensor weight_x;  ///< (d, 1, H)
  std::vector<Layer> layers;
  Conditioning conditioning;
  Activation activation = Activation::tanh;

  PerDimensionTransformer() = default;
  PerDimensionTransformer(const TransformerConfig& config, const Rng& rng);

  /// x of shape (…, d) and h of shape (…, d, d_h) give (…, d).
  Tensor operator()(const Tensor& x, const Tensor& h, const Tensor& t = {}, const Tensor& context = {}) const {
    return evaluate(x, h, conditioning(t, context));
  }
  /// The same with the term of the conditioning, which may be undefined.
  Tensor evaluate(const Tensor& x, const Tensor& h, const Tensor& term) const;
  /// Computes the context's part once for many calls, recorded.
  PreparedPart<PerDimensionTransformer> prepare(const Tensor& context = {}) const { return {*this, context}; }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("weight_x", self.weight_x);
    v("layers", self.layers);
    v("conditioning", self.conditioning);
    v("activation", self.activation);
  }
};

}  // namespace dimwise
