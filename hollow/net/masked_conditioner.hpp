#pragma once

#include <vector>

#include "hollow/net/conditioning.hpp"

namespace dimwise {

/// A MaskedConditioner with masked weights and the context's part computed: a function, not a module.
struct PreparedMaskedConditioner {
  std::vector<PreparedLinear> layers;
  PreparedConditioning conditioning;
  Activation activation = Activation::tanh;
  int64_t d = 0, d_h = 0;

  /// x of shape (…, d) gives h of shape (…, d, d_h).
  Tensor operator()(const Tensor& x, const Tensor& t) const;
};

/// Two MADEs of opposite order in one masked network: half of the units depend on x_{<i}, half on x_{>i}, and h_i is
/// computed from both.
///
/// Hidden masks are ≤, output masks strict, so that ∂h_i/∂x_i = 0. Time and context are inputs of every first-layer
/// unit. Germain et al., MADE (2015); Chen & Duvenaud (2019), section 2.
struct MaskedConditioner {
  std::vector<MaskedLinear> layers;
  Conditioning conditioning;
  Activation activation = Activation::tanh;
  int64_t d = 0, d_h = 0;

  MaskedConditioner() = default;
  MaskedConditioner(const ConditionerConfig& config, const Rng& rng);

  /// x of shape (…, d) gives h of shape (…, d, d_h).
  Tensor operator()(const Tensor& x, const Tensor& t = {}, const Tensor& context = {}) const {
    return prepare(context)(x, t);
  }
  /// Computes the masked weights and the context's part once for many calls, recorded.
  PreparedMaskedConditioner prepare(const Tensor& context = {}) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layers", self.layers);
    v("conditioning", self.conditioning);
    v("activation", self.activation);
    v("d", self.d);
    v("d_h", self.d_h);
  }
};

}  // namespace dimwise
