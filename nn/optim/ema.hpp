#pragma once

#include <cmath>

#include "nn/optim/state.hpp"

namespace dimwise {

namespace detail {
// value += weight·(gradient − value), where `gradient` is the newer value.
void move_towards(const std::vector<Slot>& slots, double weight);
}  // namespace detail

/// The exponential moving average of a model's parameters: after n updates, Σ decay^(n−k) θ_k / Σ decay^(n−k), k = 1 …
/// n.
///
/// Bias-corrected from the first update on, after which the average is that model. Constants are the latest model's.
///
/// Example: `Ema<Net> ema{.average = model}; ema.update(model); Tensor y = ema.average(x);`
template <Module M>
struct Ema {
  M average;
  double decay = 0.999;
  int64_t updates = 0;

  /// Updates the average with a model. Throws ValueError unless 0 ≤ decay < 1; ShapeError or DTypeError, with the
  /// parameter's name, for another model.
  void update(const M& model) {
    if (!(decay >= 0 && decay < 1)) fail<ValueError>("ema", "decay is ", decay, ". It must be at least 0 and below 1.");
    ++updates;
    if (updates == 1) {
      average = map_parameters(model, [](const std::string&, const Tensor& t) { return stop_gradient(t); });
      return;
    }
    detail::move_towards(detail::slots("ema", average, model), (1 - decay) / (1 - std::pow(decay, updates)));
    std::map<std::string, Tensor> latest;
    each_constant(model, [&](const std::string& name, const Tensor& t) { latest.emplace(name, t); });
    each_constant(average, [&](const std::string& name, Tensor& t) { t = latest.at(name); });
  }

  /// The average's entries, prefixed by `average.`, and `updates`.
  std::map<std::string, Tensor> state_dict(const std::string& prefix = "") const {
    std::map<std::string, Tensor> result = dimwise::state_dict(average, prefix + "average.");
    result.emplace(prefix + "updates", scalar(static_cast<double>(updates), DType::float64));
    return result;
  }

  /// Throws CheckpointError, with the entry's name, for an invalid entry; nothing is changed then.
  void load_state_dict(const std::map<std::string, Tensor>& saved, const std::string& prefix = "") {
    const int64_t count = detail::saved_count("ema", saved, prefix + "updates");
    dimwise::load_state_dict(average, saved, prefix + "average.");
    updates = count;
  }

 private:
  template <class Model, class F>
  static void each_constant(Model& m, F&& f) {
    for (const detail::Member& member : detail::members(m))
      if (!member.trained) f(member.name, *member.value);
  }
};

}  // namespace dimwise
