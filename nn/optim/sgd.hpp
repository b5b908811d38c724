#pragma once

#include "nn/optim/state.hpp"

namespace dimwise {

/// Stochastic gradient descent: p ← p − lr·u, with u = g + weight_decay·p, or with momentum b ← momentum·b + u (b = u
/// at the first step) and u replaced by b, or by u + momentum·b with `nesterov`. A step without momentum drops b.
///
/// Example: `Sgd optimizer{.lr = 0.1, .momentum = 0.9}; optimizer.step(model, gradient);`
struct Sgd {
  double lr = 1e-2;
  double momentum = 0;
  double weight_decay = 0;
  bool nesterov = false;
  OptimizerState state = {};

  /// As for Adam.
  template <Module M>
  void step(M& model, const M& gradient) {
    update(detail::slots("sgd", model, gradient));
  }

  /// lr and, for each parameter, `name.step` and, after a step with momentum, `name.momentum_buffer`.
  std::map<std::string, Tensor> state_dict(const std::string& prefix = "") const;
  /// Throws CheckpointError, with the entry's name, for an invalid entry; nothing is changed then.
  void load_state_dict(const std::map<std::string, Tensor>& saved, const std::string& prefix = "");

  void update(const std::vector<detail::Slot>& slots);
};

}  // namespace dimwise
