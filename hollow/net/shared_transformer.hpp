#pragma once

#include <vector>

#include "hollow/net/conditioning.hpp"

namespace dimwise {

/// f_i = τ(x_i, h_i): one network for all dimensions, distinguished by h alone.
struct SharedTransformer {
  Tensor weight_x;  ///< (H,): x_i is a single number
  Linear from_h;    ///< (…, d, d_h) → (…, d, H)
  std::vector<Linear> layers;
  Conditioning conditioning;
  Activation activation = Activation::tanh;

  SharedTransformer() = default;
  SharedTransformer(const TransformerConfig& config, const Rng& rng);

  /// x of shape (…, d) and h of shape (…, d, d_h) give (…, d).
  Tensor operator()(const Tensor& x, const Tensor& h, const Tensor& t = {}, const Tensor& context = {}) const {
    return evaluate(x, h, conditioning(t, context));
  }
  /// The same with the term of the conditioning, which may be undefined.
  Tensor evaluate(const Tensor& x, const Tensor& h, const Tensor& term) const;
  /// Computes the context's part once for many calls, recorded.
  PreparedPart<SharedTransformer> prepare(const Tensor& context = {}) const { return {*this, context}; }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("weight_x", self.weight_x);
    v("from_h", self.from_h);
    v("layers", self.layers);
    v("conditioning", self.conditioning);
    v("activation", self.activation);
  }
};

}  // namespace dimwise
