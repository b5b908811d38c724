#pragma once

#include <functional>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// The rules of a user-defined op: `forward` returns the value, `vjp(inputs, y, w)` a cotangent for each input
/// (undefined for zero), and the optional `jvp(inputs, y, tangents)` the tangent (every given tangent is defined).
/// `name` stands for the op in errors, profiles and drawings.
///
/// A vjp written in public ops is itself differentiable, so that the op has derivatives of any order. Likewise, a jvp
/// gives jets of every order. A recorded sweep throws ValueError if a rule uses a tensor that `forward` computed and
/// stored, because its derivative would be lost.
struct CustomRule {
  std::string name;
  std::function<Tensor(const std::vector<Tensor>& inputs)> forward;
  std::function<std::vector<Tensor>(const std::vector<Tensor>& inputs, const Tensor& y, const Tensor& w)> vjp;
  std::function<Tensor(const std::vector<Tensor>& inputs, const Tensor& y, const std::vector<Tensor>& tangents)> jvp =
      nullptr;
};

/// y = rule.forward(inputs), differentiated by the rule instead of through its ops.
///
/// Throws ValueError if the rule has no name, forward or vjp, and ShapeError or DTypeError if what a rule returns does
/// not fit. Without a jvp, push, jet and Taylor mode throw ValueError.
Tensor custom(const CustomRule& rule, const std::vector<Tensor>& inputs);

}  // namespace dimwise
