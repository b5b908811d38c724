#pragma once

#include <vector>

#include "hollow/net/conditioning.hpp"

namespace dimwise {

/// Pooling that leaves one input out: u_i = Σ_{j≠i} W_j x_j + b_i, then an MLP shared by all positions.
///
/// Every h_i depends on all of x_{−i}, by the same network; the cost of a forward pass is linear in d. Chen & Duvenaud
/// (2019), section 2.
struct LeaveOneOut {
  Tensor weight;  ///< (d, H): one row for each input
  Tensor bias;    ///< (d, H): distinguishes the positions
  std::vector<Linear> layers;
  Conditioning conditioning;
  Activation activation = Activation::tanh;

  LeaveOneOut() = default;
  LeaveOneOut(const ConditionerConfig& config, const Rng& rng);

  /// x of shape (…, d) gives h of shape (…, d, d_h).
  Tensor operator()(const Tensor& x, const Tensor& t = {}, const Tensor& context = {}) const {
    return evaluate(x, conditioning(t, context));
  }
  /// The same with the term of the conditioning, which may be undefined.
  Tensor evaluate(const Tensor& x, const Tensor& term) const;
  /// Computes the context's part once for many calls, recorded.
  PreparedPart<LeaveOneOut> prepare(const Tensor& context = {}) const { return {*this, context}; }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("weight", self.weight);
    v("bias", self.bias);
    v("layers", self.layers);
    v("conditioning", self.conditioning);
    v("activation", self.activation);
  }
};

}  // namespace dimwise
