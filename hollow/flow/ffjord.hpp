#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "autodiff/transforms.hpp"
#include "hollow/net/conditioning.hpp"
#include "nn/activation.hpp"

namespace dimwise {

/// Sizes of the dynamics of FFJORD.
struct FfjordConfig {
  int64_t d = 2;                           ///< dimension of x
  std::vector<int64_t> hidden = {64, 64};  ///< widths of the hidden layers
  Activation activation = Activation::softplus;
  int64_t context = 0;  ///< size of the context, 0 for none
  int64_t rank = 0;     ///< of the context's term in each weight; 0: only the biases depend on it
  DType dtype = DType::float32;
};

/// An FfjordNet with the context's parts computed once for many calls, recorded: a function, not a module. Copies share
/// the prepared tensors.
class PreparedFfjordNet {
 public:
  struct Layer {
    Linear linear;
    PreparedConditioning conditioning;
    Tensor u, v;  ///< (…, out, rank) and (…, in, rank); undefined for rank 0
  };
  PreparedFfjordNet(std::vector<Layer> layers, Activation activation)
      : layers_(std::make_shared<const std::vector<Layer>>(std::move(layers))), activation_(activation) {}

  /// x of shape (…, d) gives (…, d); t is 0-d, or of shape (…, 1). Throws ValueError if t is missing.
  Tensor operator()(const Tensor& x, const Tensor& t) const;
  /// The net as a function of x.
  Function at(const Tensor& t) const {
    return [net = *this, t](const Tensor& x) { return net(x, t); };
  }

 private:
  std::shared_ptr<const std::vector<Layer>> layers_;
  Activation activation_;
};

/// The dynamics of FFJORD with amortized parameters: layers σ((W + U(c) V(c)ᵀ) h + w t + b + b(c)) of a context c,
/// without σ in the last one, whose output has size d. U, V and b(c) are linear in the context.
///
/// Every output depends on every input, so that the exact trace takes d reverse passes. Grathwohl et al.: FFJORD
/// (2019), section 4.2 (amortization) and appendix B.
///
/// Example:
/// ```cpp
/// Cnf<FfjordNet> flow{{FfjordNet({.d = 64, .hidden = {256, 256}, .context = 300}, rng)}, 0.5};
/// FlowResult r = flow.to_data(z, context, {.trace = Trace::hutchinson, .noise = rng.split(step)});
/// ```
struct FfjordNet {
  /// One layer, before its activation.
  struct Layer {
    Linear linear;              ///< W and b
    Conditioning conditioning;  ///< w t + b(c)
    Linear u, v;                ///< c → (out, rank) and (in, rank); only if rank > 0

    Layer() = default;
    Layer(int64_t in, int64_t out, const FfjordConfig& config, const Rng& rng);

    PreparedFfjordNet::Layer prepare(const Tensor& context) const;

    template <class Self, class Visitor>
    static void visit(Self& self, Visitor&& visitor) {
      visitor("linear", self.linear);
      visitor("conditioning", self.conditioning);
      visitor("u", self.u);
      visitor("v", self.v);
    }
  };
  std::vector<Layer> layers;
  Activation activation = Activation::softplus;

  FfjordNet() = default;
  /// The initialization gives U(c) V(c)ᵀ h the magnitude of W h. Throws ValueError for sizes below 1, without a hidden
  /// layer, and for a rank without a context.
  FfjordNet(const FfjordConfig& config, const Rng& rng);

  /// The prepared net, with the context's parts computed once: call it once per solve. Throws ValueError if the context
  /// is missing, or given but not expected.
  PreparedFfjordNet prepare(const Tensor& context = {}) const;
  /// x of shape (…, d) gives (…, d); t is 0-d, or of shape (…, 1). Throws ValueError if t or the context is missing.
  Tensor operator()(const Tensor& x, const Tensor& t, const Tensor& context = {}) const {
    return prepare(context)(x, t);
  }
  /// The net as a function of x.
  Function at(const Tensor& t, const Tensor& context = {}) const { return prepare(context).at(t); }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layers", self.layers);
    v("activation", self.activation);
  }
};

}  // namespace dimwise
