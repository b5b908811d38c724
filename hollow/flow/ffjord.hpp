#pragma once

#include <vector>

#include "autodiff/transforms.hpp"
#include "hollow/net/conditioning.hpp"
#include "nn/activation.hpp"

namespace dimwise {

/// Sizes of the drift of FFJORD.
struct FfjordConfig {
  int64_t d = 2;                           ///< dimension of x
  std::vector<int64_t> hidden = {64, 64};  ///< widths of the hidden layers
  Activation activation = Activation::softplus;
  int64_t context = 0;  ///< size of the context, 0 for none
  int64_t rank = 0;     ///< of what the context adds to each weight; 0 where it moves the biases alone
  DType dtype = DType::float32;
};

/// The drift of FFJORD with amortised parameters: layers σ((W + U(c) V(c)ᵀ) h + w t + b + b(c)) of a context c, without
/// σ in the last one, which gives d numbers. U, V and b(c) are linear in the context.
///
/// Any input reaches any output, so that the exact trace takes d reverse passes. Grathwohl et al.: FFJORD (2019),
/// section 4.2 (amortisation) and appendix B.
///
/// Example:
/// ```cpp
/// Cnf<FfjordNet> flow{{FfjordNet({.d = 64, .hidden = {256, 256}, .context = 300}, rng)}, 0.5};
/// FlowSolution s = to_data(flow, z, {.trace = Trace::hutchinson, .noise = rng.split(step)}, context);
/// ```
struct FfjordNet {
  /// One layer, before its activation.
  struct Layer {
    Linear linear;              ///< W and b
    Conditioning conditioning;  ///< w t + b(c)
    Linear u, v;                ///< c → (out, rank) and (in, rank); of a rank above 0 only

    Layer() = default;
    Layer(int64_t in, int64_t out, const FfjordConfig& config, const Rng& rng);

    Tensor operator()(const Tensor& x, const Tensor& t) const;
    Layer prepare(const Tensor& context) const;

    template <class Self, class Visitor>
    static void visit(Self& self, Visitor&& visitor) {
      visitor("linear", self.linear);
      visitor("conditioning", self.conditioning);
      visitor("u", self.u);
      visitor("v", self.v);
    }

   private:
    struct LowRank {
      Tensor u, v;  // (…, out, rank) and (…, in, rank)
    };
    LowRank of(const Tensor& context) const;

    // The prepared context, its U and V, and the layers that gave them.
    Tensor given_;
    LowRank ready_;
    Linear u_, v_;
  };
  std::vector<Layer> layers;
  Activation activation = Activation::softplus;

  FfjordNet() = default;
  /// As initialised, U(c) V(c)ᵀ h has the size of W h. Throws ValueError for sizes below 1, without a hidden layer, and
  /// for a rank without a context.
  FfjordNet(const FfjordConfig& config, const Rng& rng);

  /// x of shape (…, d) gives (…, d); t is 0-d, or of shape (…, 1). Throws ValueError where t or the context is missing.
  Tensor operator()(const Tensor& x, const Tensor& t, const Tensor& context = {}) const;
  /// The net as a function of x.
  Function at(const Tensor& t, const Tensor& context = {}) const;
  /// A copy in which all that comes from the context is formed, recorded, for many calls: once a solve. The context is
  /// not to be given to `at` again. Where the copy's parameters are replaced, each call forms it again.
  FfjordNet prepare(const Tensor& context = {}) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layers", self.layers);
  }
};

}  // namespace dimwise
