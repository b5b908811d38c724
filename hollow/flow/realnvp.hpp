#pragma once

#include <optional>

#include "hollow/flow/layered.hpp"

namespace dimwise {

/// An affine coupling: to the data, x = z for the kept dimensions and x = z ⊙ e^s + t for the others. A net computes t
/// and s = factor ⊙ tanh(…) from the kept dimensions and the context, with a learned factor initialized to 1.
struct Coupling {
  std::vector<Linear> layers;
  std::optional<Linear> context;  ///< added to the first hidden layer
  Tensor factor;                  ///< for each changed dimension: |s| ≤ |factor|
  std::vector<int64_t> kept, changed;
  Activation activation = Activation::tanh;

  Coupling() = default;
  /// Keeps the even dimensions, or the odd ones.
  Coupling(const LayeredConfig& config, bool keeps_even, const Rng& rng);

  FlowResult to_base(const Tensor& x, const Tensor& context_value) const;
  FlowResult to_data(const Tensor& z, const Tensor& context_value) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layers", self.layers);
    v("context", self.context);
    v("factor", self.factor);
    v("kept", self.kept);
    v("changed", self.changed);
    v("activation", self.activation);
  }
};

/// Real-valued non-volume preserving flows: affine couplings that alternately keep the even and the odd dimensions, so
/// that log|det| = Σ s to the data, and −Σ s to the base.
///
/// Both directions, and so `log_prob` and `sample`, are one pass of a net per layer. Dinh, Sohl-Dickstein & Bengio:
/// Density Estimation Using Real NVP (2017), without their batch normalization and multi-scale architecture.
///
/// Example: `RealNvp flow({.d = 2}, Rng(0)); Tensor lp = flow.log_prob(x), y = flow.sample(Rng(1), {9, 2});`
struct RealNvp : LayeredFlow<RealNvp> {
  std::vector<Coupling> couplings;
  int64_t d = 0, context = 0;

  RealNvp() = default;
  /// Throws ValueError for d below 2, other sizes below 1.
  RealNvp(const LayeredConfig& config, const Rng& rng);

  /// For points (…, d) and a context (…, c), which broadcast. Throw ShapeError, and ValueError for a context that is
  /// missing or not expected.
  FlowResult to_base(const Tensor& x, const Tensor& context_value = {}) const;
  FlowResult to_data(const Tensor& z, const Tensor& context_value = {}) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("couplings", self.couplings);
    v("d", self.d);
    v("context_size", self.context);
  }
};

}  // namespace dimwise
