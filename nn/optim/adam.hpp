#pragma once

#include "nn/optim/state.hpp"

namespace dimwise {

/// Adam: m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², p ← p − lr·m̂/(√v̂ + eps), with m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ).
///
/// weight_decay·p is added to g. Kept is √v, which neither overflows nor underflows where g² does. Kingma & Ba: Adam, a
/// method for stochastic optimization (2015).
///
/// Example: `Adam optimizer{.lr = 1e-3}; auto [loss, g] = value_and_grad(f, model); optimizer.step(model, g);`
struct Adam {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  OptimizerState state = {};

  /// Updates the model's parameters; one whose gradient is undefined stays as it is. Nothing changes if it throws:
  /// ShapeError or DTypeError if model and gradient differ, ValueError for a gradient that is not finite or an invalid
  /// setting, CheckpointError if the state belongs to another model. Each names the parameter.
  template <Module M>
  void step(M& model, const M& gradient) {
    update(detail::slots("adam", model, gradient));
  }

  /// lr and, for each parameter, `name.step`, `name.exp_avg` (m) and `name.exp_avg_rms` (√v).
  std::map<std::string, Tensor> state_dict(const std::string& prefix = "") const;
  /// Throws CheckpointError, with the entry's name, for an invalid entry; nothing is changed then.
  void load_state_dict(const std::map<std::string, Tensor>& saved, const std::string& prefix = "");

  void update(const std::vector<detail::Slot>& slots);
};

/// Adam with decoupled weight decay: p ← (1 − lr·weight_decay)·p before each step.
///
/// Loshchilov & Hutter: Decoupled weight decay regularization (2019).
struct AdamW {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;
  OptimizerState state = {};

  /// As for Adam.
  template <Module M>
  void step(M& model, const M& gradient) {
    update(detail::slots("adamw", model, gradient));
  }

  /// As for Adam.
  std::map<std::string, Tensor> state_dict(const std::string& prefix = "") const;
  /// As for Adam.
  void load_state_dict(const std::map<std::string, Tensor>& saved, const std::string& prefix = "");

  void update(const std::vector<detail::Slot>& slots);
};

}  // namespace dimwise
