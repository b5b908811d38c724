#pragma once

#include <vector>

#include "hollow/net/hollow_net.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"

namespace dimwise {

/// The diagonal diffusion g_i of an SDE as a HollowNet, each component learned and positive, or known.
///
/// g_i = unit_i · softplus(τ_i(x_i, h_i)) + known_i, where unit_i is 0 for a known component and known_i is 0 for a
/// learned one; a known 0 is a component without noise.
template <class Net>
struct DiffusionNet {
  Net net;
  Constant unit, known;  ///< (d,)

  Tensor conditioner(const Tensor& x, const Tensor& t = {}, const Tensor& context = {}) const {
    return net.conditioner(x, t, context);
  }
  Tensor transformer(const Tensor& x, const Tensor& h, const Tensor& t = {}, const Tensor& context = {}) const {
    return unit.value * softplus(net.transformer(x, h, t, context)) + known.value;
  }
  BoundHollowNet<DiffusionNet> at(const Tensor& t = {}, const Tensor& context = {}) const {
    return {*this, t, context};
  }
  Tensor operator()(const Tensor& x, const Tensor& t = {}, const Tensor& context = {}) const {
    return at(t, context)(x);
  }
  DiffusionNet prepare() const { return {net.prepare(), unit, known}; }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("net", self.net);
    v("unit", self.unit);
    v("known", self.known);
  }
};
template <class Net>
DiffusionNet(Net, Constant, Constant) -> DiffusionNet<Net>;

}  // namespace dimwise
