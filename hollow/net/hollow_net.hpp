#pragma once

#include <memory>
#include <utility>

#include "autodiff/dimwise.hpp"
#include "nn/module.hpp"

namespace dimwise {

/// The inputs of a net other than x, for functions of (t, x).
struct HollowInputs {
  bool time = false;    ///< whether t is an input
  Tensor context = {};  ///< undefined for a net without one
};

/// A prepared net at one time: a function of x alone, as `dimwise`, `divergence` and `check_hollow` take it.
template <class Prepared>
struct BoundHollowNet {
  Prepared net;
  Tensor t;

  Tensor conditioner(const Tensor& x) const { return net.conditioner(x, t); }
  Tensor transformer(const Tensor& x, const Tensor& h) const { return net.transformer(x, h, t); }
  Tensor operator()(const Tensor& x) const { return transformer(x, conditioner(x)); }
};

/// A prepared net: a HollowNet with masked weights and the context's parts computed once for many calls.
///
/// It is a function, not a module: it has no parameters to track, load or save. The preparation is recorded, so that
/// gradients reach the parameters of the net. Copies share the prepared tensors.
template <class Conditioner, class Transformer>
class PreparedHollowNet {
 public:
  PreparedHollowNet(Conditioner conditioner, Transformer transformer)
      : parts_(std::make_shared<const Parts>(Parts{std::move(conditioner), std::move(transformer)})) {}

  Tensor conditioner(const Tensor& x, const Tensor& t) const { return parts_->conditioner(x, t); }
  Tensor transformer(const Tensor& x, const Tensor& h, const Tensor& t) const { return parts_->transformer(x, h, t); }
  BoundHollowNet<PreparedHollowNet> at(const Tensor& t = {}) const { return {*this, t}; }
  /// x of shape (…, d) gives (…, d).
  Tensor operator()(const Tensor& x, const Tensor& t = {}) const { return transformer(x, conditioner(x, t), t); }

 private:
  struct Parts {
    Conditioner conditioner;
    Transformer transformer;
  };
  std::shared_ptr<const Parts> parts_;
};

namespace detail {
// A conditioner or transformer without `prepare`, and its context.
template <class Part>
struct UnpreparedPart {
  Part part;
  Tensor context;

  Tensor operator()(const Tensor& x, const Tensor& t) const { return part(x, t, context); }
  Tensor operator()(const Tensor& x, const Tensor& h, const Tensor& t) const { return part(x, h, t, context); }
};
template <class Part>
auto prepared(const Part& part, const Tensor& context) {
  if constexpr (requires { part.prepare(context); })
    return part.prepare(context);
  else
    return UnpreparedPart<Part>{part, context};
}
}  // namespace detail

/// f_i(x) = τ_i(x_i, h_i) with h_i = c_i(x_{−i}): a network whose Jacobian is a diagonal plus a hollow part, so that
/// `dimwise` costs the same whatever the dimension. Chen & Duvenaud, Neural Networks with Cheap Differential Operators
/// (2019).
///
/// Conditioner and transformer are modules: `conditioner(x, t, context)` gives (…, d, d_h), `transformer(x, h, t,
/// context)` gives (…, d). If they have `prepare(context)`, it returns a function of the other arguments.
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

  /// The prepared net, with masked weights and the context's parts computed once: call it once per solve or training
  /// step. Throws ValueError if the context is missing, or given but not expected.
  auto prepare(const Tensor& context = {}) const {
    return PreparedHollowNet(detail::prepared(conditioner, context), detail::prepared(transformer, context));
  }
  /// The net as a function of x, for `dimwise`, `divergence` and `check_hollow`.
  auto at(const Tensor& t = {}, const Tensor& context = {}) const { return prepare(context).at(t); }
  /// x of shape (…, d) gives (…, d).
  Tensor operator()(const Tensor& x, const Tensor& t = {}, const Tensor& context = {}) const {
    return at(t, context)(x);
  }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("conditioner", self.conditioner);
    v("transformer", self.transformer);
  }
};
template <class Conditioner, class Transformer>
HollowNet(Conditioner, Transformer) -> HollowNet<Conditioner, Transformer>;

/// The type of `net.prepare()`.
template <class Net>
using Prepared = decltype(std::declval<const Net&>().prepare());

}  // namespace dimwise
