#pragma once

#include "hollow/flow/layered.hpp"
#include "nn/made.hpp"

namespace dimwise {

/// Masked autoregressive flows: each layer maps data to the base by z_i = (x_i − m_i) e^(−a_i), log|det| = −Σ a_i. A
/// Made computes m_i and a_i from the dimensions before i and from the context; the order of the dimensions is reversed
/// in every second layer.
///
/// `to_base`, and so `log_prob`, is one pass of a net per layer; `to_data`, and so `sample`, is d passes, since each
/// dimension depends on the ones before. Papamakarios, Pavlakou & Murray: Masked Autoregressive Flow for Density
/// Estimation (2017), without their batch normalization.
///
/// Example: `Maf flow({.d = 2, .layers = 4}, Rng(0)); Tensor lp = flow.log_prob(x), y = flow.sample(Rng(1), {9, 2});`
struct Maf : LayeredFlow<Maf> {
  std::vector<Made> nets;
  std::vector<std::vector<int64_t>> orders;  ///< of the dimensions, in each layer
  int64_t d = 0, context = 0;

  Maf() = default;
  /// Throws ValueError for sizes below 1.
  Maf(const LayeredConfig& config, const Rng& rng);

  /// For points (…, d) and a context (…, c), which broadcast. Throw ShapeError, and ValueError for a context that is
  /// missing or not expected.
  FlowResult to_base(const Tensor& x, const Tensor& context_value = {}) const;
  FlowResult to_data(const Tensor& z, const Tensor& context_value = {}) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("nets", self.nets);
    v("orders", self.orders);
    v("d", self.d);
    v("context_size", self.context);
  }
};

}  // namespace dimwise
