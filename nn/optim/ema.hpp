#pragma once

#include <cmath>

#include "nn/optim/state.hpp"

namespace dimwise {

namespace detail {
// The constants of `from` replace those of `to`. Throws ShapeError, before anything changes, unless names and shapes
// agree.
void copy_constants(const std::vector<Member>& from, const std::vector<Member>& to);
// value += weight·(gradient − value), where `gradient` is the newer value. The digits of a float32 value beyond its own
// are in `carries`, by the names of the slots.
void move_towards(const std::vector<Slot>& slots, double weight, std::map<std::string, Tensor>& carries);
// Throws ValueError unless 0 ≤ decay < 1.
void check_decay(double decay);
// The carries of an average's float32 parameters. Throws CheckpointError.
std::map<std::string, Tensor> saved_carries(const std::map<std::string, Tensor>& saved, const std::string& prefix,
                                            const std::vector<Member>& average);
}  // namespace detail

/// The exponential moving average of a model's parameters: after n updates, Σ decay^(n−k) θ_k / Σ decay^(n−k), k = 1 …
/// n.
///
/// Bias-corrected from the first update on, after which the average is that model. Averages of float32 parameters are
/// computed in float64: a small change is not lost in rounding. Constants are the latest model's.
///
/// Example: `Ema<Net> ema{.average = model}; ema.update(model); Tensor y = ema.average(x);`
template <Module M>
struct Ema {
  M average = {};
  double decay = 0.999;
  int64_t updates = 0;
  std::map<std::string, Tensor> carries = {};  ///< what float32 parameters of the average are short of their float64

  /// Updates the average with a model. Throws ValueError unless 0 ≤ decay < 1; ShapeError or DTypeError, with the
  /// parameter's name, for another model than the average's. Nothing changes then.
  void update(const M& model) {
    detail::check_decay(decay);
    if (updates == 0 && parameters(average).empty())
      average = map_parameters(model, [](const std::string&, const Tensor& t) { return stop_gradient(t); });
    const auto slots = detail::slots("ema", average, model);
    detail::copy_constants(detail::members(model), detail::members(average));
    ++updates;
    detail::move_towards(slots, updates == 1 ? 1 : (1 - decay) / (1 - std::pow(decay, updates)), carries);
  }

  /// The average's entries, prefixed by `average.`, those of `carries` by `carry.`, and `updates`.
  std::map<std::string, Tensor> state_dict(const std::string& prefix = "") const {
    std::map<std::string, Tensor> result = dimwise::state_dict(average, prefix + "average.");
    for (const auto& [name, t] : carries) result.emplace((prefix + "carry.").append(name), t);
    result.emplace(prefix + "updates", scalar(static_cast<double>(updates), DType::float64));
    return result;
  }

  /// Throws CheckpointError, with the entry's name, for an invalid entry; nothing is changed then.
  void load_state_dict(const std::map<std::string, Tensor>& saved, const std::string& prefix = "") {
    const int64_t count = detail::saved_count("ema", saved, prefix + "updates");
    std::map<std::string, Tensor> carried;
    if (count > 0) carried = detail::saved_carries(saved, prefix + "carry.", detail::members(average));
    dimwise::load_state_dict(average, saved, prefix + "average.");
    carries = std::move(carried);
    updates = count;
  }
};

}  // namespace dimwise
