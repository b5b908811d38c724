#pragma once

#include "hollow/flow/amortized.hpp"
#include "nn/made.hpp"

namespace dimwise {

/// Inverse autoregressive flows: z ← σ(s + 1) ⊙ z + (1 − σ(s + 1)) ⊙ m, log|det| = Σ log σ(s + 1), where a Made
/// computes m and s from z and the context, and the order of the dimensions is reversed in every second flow.
///
/// Kingma, Salimans et al.: Improving Variational Inference with Inverse Autoregressive Flow (2016).
///
/// Example: `Iaf flow({.d = 64, .context = 256}, rng); FlowResult r = flow.to_data(z0, context);`
struct Iaf {
  std::vector<Made> nets;
  int64_t d = 0, context = 0;

  Iaf() = default;
  /// Throws ValueError for sizes below 1 and without a hidden layer.
  Iaf(const AmortizedConfig& config, const Rng& rng);

  /// z of shape (…, d) and context of shape (…, c), which broadcast. Throws ShapeError, and ValueError without a
  /// context.
  FlowResult to_data(const Tensor& z, const Tensor& context_value) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("nets", self.nets);
    v("d", self.d);
    v("context_size", self.context);
  }
};

}  // namespace dimwise
