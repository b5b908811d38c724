#pragma once

#include <vector>

#include "hollow/net/hollow_net.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"

namespace dimwise {

/// A prepared DiffusionNet, with its masked weights computed once for many calls: a function, not a module.
template <class Net>
struct PreparedDiffusionNet {
  Net net;  // prepared
  Tensor unit, known;

  Tensor conditioner(const Tensor& x, const Tensor& t) const { return net.conditioner(x, t); }
  Tensor transformer(const Tensor& x, const Tensor& h, const Tensor& t) const {
    return unit * softplus(net.transformer(x, h, t)) + known;
  }
  BoundHollowNet<PreparedDiffusionNet> at(const Tensor& t = {}) const { return {*this, t}; }
  Tensor operator()(const Tensor& x, const Tensor& t = {}) const { return at(t)(x); }
};

/// The diagonal diffusion g_i of an SDE as a HollowNet, where each component is either learned and positive, or known.
///
/// g_i = unit_i · softplus(τ_i(x_i, h_i)) + known_i, where unit_i is 0 for a known component and known_i is 0 for a
/// learned one; a known 0 is a component without noise.
template <class Net>
struct DiffusionNet {
  Net net;
  Constant unit, known;  ///< (d,)

  PreparedDiffusionNet<Prepared<Net>> prepare(const Tensor& context = {}) const {
    return {net.prepare(context), unit.value, known.value};
  }
  auto at(const Tensor& t = {}, const Tensor& context = {}) const { return prepare(context).at(t); }
  Tensor operator()(const Tensor& x, const Tensor& t = {}, const Tensor& context = {}) const {
    return at(t, context)(x);
  }

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
