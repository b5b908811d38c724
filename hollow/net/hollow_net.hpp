#pragma once

#include <memory>
#include <utility>

#include "autodiff/dimwise.hpp"
#include "nn/module.hpp"

namespace dimwise {

/// What a net reads besides x, where it is made a function of (t, x).
struct HollowInputs {
  bool time = false;    ///< whether the net reads t
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

/// A HollowNet with what many calls share formed: masked weights, and all that comes from the context.
///
/// It is a function and no module: it has no parameters to track, load or save. What was formed is recorded, so that
/// gradients reach the parameters of the net that it was made of. Copies share what was formed.
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
// A part without a `prepare` of its own, and its context.
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
/// context)` gives (…, d). Where they have `prepare(context)`, it gives a function of the same without the context.
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

  /// Masked weights, and what comes from the context, formed for many calls: once a solve, or once a training step.
  /// Throws ValueError where the context is missing, or given but not expected.
  auto prepare(const Tensor& context = {}) const {
    return PreparedHollowNet(detail::prepared(conditioner, context), detail::prepared(transformer, context));
  }
  /// The net as a function of x: what `dimwise`, `divergence` and `check_hollow` take.
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

/// What `prepare` of a net gives.
template <class Net>
using Prepared = decltype(std::declval<const Net&>().prepare());

}  // namespace dimwise
