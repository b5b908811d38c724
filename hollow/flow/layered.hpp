#pragma once

#include <vector>

#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "hollow/flow/amortized.hpp"
#include "nn/module.hpp"

namespace dimwise {

/// Sizes of a flow of finitely many layers that models a density.
struct LayeredConfig {
  int64_t d = 2;       ///< dimension of x
  int64_t layers = 6;  ///< number of layers
  /// Widths of the hidden layers of each layer's net. Empty for two of 64 units, or of d if these are more: with fewer,
  /// masked nets do not couple every pair of dimensions.
  std::vector<int64_t> hidden = {};
  int64_t context = 0;                       ///< size of the context of a conditional density, 0 for none
  Activation activation = Activation::tanh;  ///< of the hidden layers
  DType dtype = DType::float32;
};

namespace detail {
// The widths of the hidden layers.
std::vector<int64_t> layered_widths(const LayeredConfig& config);
// Throws ValueError for sizes below 1 (of the context below 0).
void check_layered(const char* flow, const LayeredConfig& config);
// Throws ShapeError unless x ends in d and the context in c numbers, and ValueError for a context that is missing or
// not expected.
void check_layered_point(const char* flow, const Tensor& x, int64_t d, const Tensor& context, int64_t c);
Tensor layered_log_prob(const FlowResult& base);
}  // namespace detail

/// The interface of flows of finitely many layers: the layers run in order from the base, a standard normal, to the
/// data, and in reverse order back to the base. `Flow` has `to_base(x, context)` and `to_data(z, context)`, whose
/// `log_det` is that of the applied map.
template <class Flow>
struct LayeredFlow {
  /// log p(x | context) = log N(z; 0, I) + log|det ∂z/∂x|, of shape (…) for x of shape (…, d), in nats. Throws as the
  /// flow does.
  ///
  /// Example:
  /// ```cpp
  /// auto [loss, g] = value_and_grad([&](const auto& m) { return -mean(m.log_prob(x)); }, flow);
  /// ```
  Tensor log_prob(const Tensor& x, const Tensor& context = {}) const {
    return detail::layered_log_prob(self().to_base(x, context));
  }
  /// Samples of the flow's density, of shape (…, d) and in the dtype of its parameters, untracked; the context
  /// broadcasts against them. Throws as the flow does.
  ///
  /// Example: `Tensor x = flow.sample(Rng(0), {1000, 2});`
  Tensor sample(const Rng& rng, const Shape& shape, const Tensor& context = {}) const {
    const NoGrad guard;
    return self().to_data(rng.normal(shape, dtype_of(self())), context).x;
  }

 private:
  friend Flow;
  LayeredFlow() = default;
  const Flow& self() const { return static_cast<const Flow&>(*this); }
};

}  // namespace dimwise
