#pragma once

#include "nn/module.hpp"

namespace dimwise {

namespace detail {
double global_norm(const std::vector<Tensor>& tensors);
// t ← t·to/from.
void scale_in_place(Tensor& t, double to, double from);
}  // namespace detail

/// √Σ g² over all elements of all parameters, summed in double; squares neither overflow nor underflow.
template <Module M>
double gradient_norm(const M& gradient) {
  return detail::global_norm(parameters(gradient));
}

/// Scales a gradient down to norm `max_norm` if its norm is larger, and returns the original norm.
///
/// If the norm is not finite, it is returned and the gradient is unchanged: skip that step. Throws ValueError unless
/// max_norm > 0.
///
/// Example: `if (std::isfinite(clip_grad_norm(g, 10))) optimizer.step(model, g);`
template <Module M>
double clip_grad_norm(M& gradient, double max_norm) {
  if (!(max_norm > 0)) fail<ValueError>("clip_grad_norm", "max_norm is ", max_norm, ". Give a positive number.");
  const double norm = gradient_norm(gradient);
  // An infinite norm would make the scale 0 and hide the problem.
  if (norm > max_norm && norm * 0 == 0)
    detail::each_parameter(gradient, [&](const std::string&, Tensor& g) { detail::scale_in_place(g, max_norm, norm); });
  return norm;
}

}  // namespace dimwise
