#pragma once

#include <optional>
#include <vector>

#include "nn/activation.hpp"
#include "nn/linear.hpp"

namespace dimwise {

/// The 0/1 masks of an autoregressive network, input to output: output o·i + k, k < o, of dimension i depends on the
/// inputs that come before i in `order` and no others.
///
/// Hidden units cycle through the degrees 1, …, d − 1; with a context the degrees start at 0, so that the context
/// reaches the first output. Connections need ≥, those of the last layer >. An empty order means 0, …, d − 1. Throws
/// ValueError for sizes below 1 and for an order that is not a permutation. Germain et al.: MADE (2015).
std::vector<Tensor> made_masks(int64_t d, const std::vector<int64_t>& hidden, int64_t outputs = 1,
                               const std::vector<int64_t>& order = {}, bool context = false);

struct MadeConfig {
  int64_t d = 2;  ///< dimension of x
  /// Widths of the hidden layers. Empty for one of 64 units, or of d if these are more: with fewer, some outputs do not
  /// depend on some of the inputs before them.
  std::vector<int64_t> hidden = {};
  int64_t outputs = 1;              ///< number of outputs for each dimension
  std::vector<int64_t> order = {};  ///< the dimensions, first to last; empty for 0, …, d − 1
  int64_t context = 0;              ///< size of an input that all outputs depend on, 0 for none
  Activation activation = Activation::tanh;
  DType dtype = DType::float32;
};

/// A Made with its masked weights computed.
struct PreparedMade {
  std::vector<PreparedLinear> layers;
  std::optional<Linear> context;
  Activation activation = Activation::tanh;
  int64_t d = 0, outputs = 0;

  /// x of shape (…, d) and context of shape (…, context), which broadcasts against x, give (…, d, outputs). Throws
  /// ShapeError; ValueError for a context that is missing or not expected.
  Tensor operator()(const Tensor& x, const Tensor& context = Tensor()) const;
};

/// A masked autoregressive network.
///
/// Example: `Made net({.d = 3, .outputs = 2}, Rng(0)); Tensor y = net(x);  // y[…, i, :] depends on x[…, :i]`
struct Made {
  std::vector<MaskedLinear> layers;
  std::optional<Linear> context;
  Activation activation = Activation::tanh;
  int64_t d = 0, outputs = 0;

  Made() = default;
  /// Throws ValueError as `made_masks` does.
  Made(const MadeConfig& config, const Rng& rng);

  /// Computes the masked weights once for many calls, recorded.
  PreparedMade prepare() const;
  Tensor operator()(const Tensor& x, const Tensor& c = Tensor()) const { return prepare()(x, c); }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layers", self.layers);
    v("context", self.context);
    v("activation", self.activation);
    v("d", self.d);
    v("outputs", self.outputs);
  }
};

}  // namespace dimwise
