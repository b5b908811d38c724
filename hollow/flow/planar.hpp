#pragma once

#include "autodiff/base/rng.hpp"
#include "hollow/flow/amortized.hpp"

namespace dimwise {

/// û = u + (softplus(wᵀu) − 1 − wᵀu) w/‖w‖², for which wᵀû ≥ −1, so that z + û tanh(wᵀz + b) is invertible.
///
/// u and w of shape (…, d) give (…, d). Throws ShapeError.
Tensor planar_direction(const Tensor& u, const Tensor& w);

/// Planar flows: z ← z + û tanh(wᵀz + b), log|det| = log(1 + (1 − tanh²) wᵀû), with u, w, b linear in the context.
///
/// Rezende & Mohamed: Variational Inference with Normalizing Flows (2015).
///
/// Example: `Planar flow({.d = 64, .context = 256, .flows = 16}, rng); FlowResult r = flow.to_data(z0, context);`
struct Planar {
  Linear u, w, b;
  int64_t d = 0, context = 0, flows = 0;

  Planar() = default;
  /// Throws ValueError for sizes below 1.
  Planar(const AmortizedConfig& config, const Rng& rng);

  /// z of shape (…, d) and context of shape (…, c), which broadcast. Throws ShapeError, and ValueError without a
  /// context.
  FlowResult to_data(const Tensor& z, const Tensor& context_value) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("u", self.u);
    v("w", self.w);
    v("b", self.b);
    v("d", self.d);
    v("context_size", self.context);
    v("flows", self.flows);
  }
};

}  // namespace dimwise
