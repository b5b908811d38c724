#pragma once

#include <functional>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// The rules of an op of one's own: `forward` gives the value, `vjp(inputs, y, w)` a cotangent for each input
/// (undefined for zero), and, if there is one, `jvp(inputs, y, tangents)` the tangent (every tangent is defined).
///
/// Written in public ops, a vjp is itself differentiable and the op nests to any order, and so does a jvp, which gives
/// jets of every order. A recorded sweep throws ValueError where a rule uses a tensor that `forward` computed and kept:
/// its derivative would be lost.
struct CustomRule {
  std::string name;
  std::function<Tensor(const std::vector<Tensor>& inputs)> forward;
  std::function<std::vector<Tensor>(const std::vector<Tensor>& inputs, const Tensor& y, const Tensor& w)> vjp;
  std::function<Tensor(const std::vector<Tensor>& inputs, const Tensor& y, const std::vector<Tensor>& tangents)> jvp =
      nullptr;
};

/// y = rule.forward(inputs), differentiated by the rule instead of by its ops.
///
/// Without a jvp, push, jet and Taylor mode throw ValueError.
Tensor custom(const CustomRule& rule, const std::vector<Tensor>& inputs);

}  // namespace dimwise
