#pragma once

#include "nn/optim/state.hpp"

namespace dimwise {

/// Adam with the infinity norm: m ← β₁m + (1 − β₁)g, u ← max(β₂u, |g| + eps), p ← p − lr/(1 − β₁ᵗ)·m/u.
///
/// weight_decay·p is added to g. Kingma & Ba: Adam, a method for stochastic optimization (2015), section 7.
struct Adamax {
  double lr = 2e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  OptimizerState state = {};

  /// As for Adam.
  template <Module M>
  void step(M& model, const M& gradient) {
    update(detail::slots("adamax", model, gradient));
  }

  /// lr and, for each parameter, `name.step`, `name.exp_avg` (m) and `name.exp_inf` (u).
  std::map<std::string, Tensor> state_dict(const std::string& prefix = "") const;
  /// Throws CheckpointError, with the entry's name, for an invalid entry; nothing is changed then.
  void load_state_dict(const std::map<std::string, Tensor>& saved, const std::string& prefix = "");

  void update(const std::vector<detail::Slot>& slots);
};

}  // namespace dimwise
