#pragma once

#include "autodiff/dimwise.hpp"
#include "nn/module.hpp"

namespace dimwise {

/// A HollowNet at one time and context: a function of x alone, as `dimwise` takes it.
template <class Net>
struct BoundHollowNet {
  Net net;
  Tensor t, context;

  Tensor conditioner(const Tensor& x) const { return net.conditioner(x, t, context); }
  Tensor transformer(const Tensor& x, const Tensor& h) const { return net.transformer(x, h, t, context); }
  Tensor operator()(const Tensor& x) const { return transformer(x, conditioner(x)); }
};

/// f_i(x) = τ_i(x_i, h_i) with h_i = c_i(x_{−i}): a network whose Jacobian is a diagonal plus a hollow part, so that
/// `dimwise` costs the same whatever the dimension. Chen & Duvenaud, Neural Networks with Cheap Differential Operators
/// (2019).
///
/// Conditioner and transformer are modules: `conditioner(x, t, context)` gives (…, d, d_h), `transformer(x, h, t,
/// context)` gives (…, d).
///
/// Example:
/// ```cpp
/// HollowNet net{MaskedConditioner({.d = 8, .d_h = 16}, rng.split("c")), SharedTransformer({.d = 8, .d_h = 16},
/// rng.split("t"))}; auto d = dimwise(net.at(), x, 2);  // f, D¹f, D²f
/// ```
template <class Conditioner, class Transformer>
struct HollowNet {
  Conditioner conditioner;
  Transformer transformer;

  /// The net as a function of x: what `dimwise`, `divergence` and `check_hollow` take.
  BoundHollowNet<HollowNet> at(const Tensor& t = {}, const Tensor& context = {}) const { return {*this, t, context}; }
  /// x of shape (…, d) gives (…, d).
  Tensor operator()(const Tensor& x, const Tensor& t = {}, const Tensor& context = {}) const {
    return at(t, context)(x);
  }
  /// A copy whose masked weights are formed, recorded, for many calls: once a solve, or once a training step. Where its
  /// parameters are replaced, as `track`, `astype` and loading do, each call forms the weights again: the values and
  /// gradients are those of the new parameters, at the cost of a net that is not prepared.
  HollowNet prepare() const { return {conditioner.prepare(), transformer}; }
  /// The same with all that comes from the context formed too, which is not to be given to `at` again; of an undefined
  /// context nothing is. Both parts must have `prepare(context)`, as all of this folder have.
  HollowNet prepare(const Tensor& context) const {
    return {conditioner.prepare(context), transformer.prepare(context)};
  }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("conditioner", self.conditioner);
    v("transformer", self.transformer);
  }
};
template <class Conditioner, class Transformer>
HollowNet(Conditioner, Transformer) -> HollowNet<Conditioner, Transformer>;

}  // namespace dimwise
