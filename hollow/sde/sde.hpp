#pragma once

#include <functional>
#include <vector>

#include "autodiff/dimwise.hpp"
#include "hollow/net/hollow_net.hpp"

namespace dimwise {

/// A coefficient of an SDE, the drift f or the diagonal g of the diffusion, with its dimension-wise derivatives:
/// {v, D v, …, D^order v} at (t, x), each of the shape of x, (…, d). t is 0-d, of float64 in `sdeint`, or of
/// shape (…, 1).
using SdeCoefficient = std::function<std::vector<Tensor>(const Tensor& t, const Tensor& x, int order)>;

/// dx = f(t, x) dt + g(t, x) dW in Itô's sense, with g diagonal: g_i drives x_i alone.
///
/// Example:
/// ```cpp
/// Sde ou{brute_force_coefficient([](const Tensor&, const Tensor& x) { return 1.5 * (0.7 - x); }),
///        brute_force_coefficient([](const Tensor&, const Tensor& x) { return full(x.shape(), 0.8, x.dtype()); })};
/// ```
struct Sde {
  SdeCoefficient drift, diffusion;
};

/// The coefficient that a HollowNet computes; its derivatives come from `dimwise`, at a cost independent of d. Its
/// weights are prepared once. Throws ValueError if `inputs` are not those the net was constructed for.
template <class Net>
requires requires(const Net& net, const Tensor& t) { net.prepare(t).at(t); }
SdeCoefficient hollow_coefficient(const Net& net, const HollowInputs& inputs = {}) {
  return [ready = net.prepare(inputs.context), time = inputs.time](const Tensor& t, const Tensor& x, int order) {
    const auto at = ready.at(time ? t : Tensor());
    return order == 0 ? std::vector<Tensor>{at(x)} : dimwise(at, x, order);
  };
}

/// The coefficient that any function computes; each of its derivatives costs d reverse passes. Rows of x are
/// independent of each other.
SdeCoefficient brute_force_coefficient(std::function<Tensor(const Tensor& t, const Tensor& x)> f);

}  // namespace dimwise
