#pragma once

#include <concepts>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "hollow/flow/amortized.hpp"
#include "nn/module.hpp"

namespace dimwise {

/// Sizes of a flow of finitely many layers that is itself a model of a density.
struct LayeredConfig {
  int64_t d = 2;                             ///< dimension of x
  int64_t layers = 6;                        ///< number of layers
  std::vector<int64_t> hidden = {64, 64};    ///< widths of the hidden layers of each layer's net
  int64_t context = 0;                       ///< size of the context of a conditional density, 0 for none
  Activation activation = Activation::tanh;  ///< of the hidden layers
  DType dtype = DType::float32;
};

/// A flow whose layers run in order from the base, a standard normal, to the data, and in reverse back to the base;
/// `log_det` is that of the map taken. `log_prob` and `sample` are called as those of a `Cnf` without options.
template <class Flow>
concept LayeredFlow = requires(const Flow& flow, const Tensor& x) {
  { flow.to_base(x, x) } -> std::same_as<FlowResult>;
  { flow.to_data(x, x) } -> std::same_as<FlowResult>;
};

namespace detail {
// Throws ValueError for sizes below 1 (of the context below 0) and without a hidden layer.
void check_layered(const char* flow, const LayeredConfig& config);
// Throws ShapeError unless x ends in d and the context in c numbers, and ValueError for a context that is missing or
// not expected.
void check_layered_point(const char* flow, const Tensor& x, int64_t d, const Tensor& context, int64_t c);
Tensor layered_log_prob(const FlowResult& base);
}  // namespace detail

/// Carries x of shape (…, d) from the data to the base. Throws as the flow does.
template <LayeredFlow Flow>
FlowResult to_base(const Flow& flow, const Tensor& x, const Tensor& context = {}) {
  return flow.to_base(x, context);
}

/// Carries z of shape (…, d) from the base to the data. Throws as the flow does.
template <LayeredFlow Flow>
FlowResult to_data(const Flow& flow, const Tensor& z, const Tensor& context = {}) {
  return flow.to_data(z, context);
}

/// log p(x | context) = log N(z; 0, I) + log|det ∂z/∂x|, of shape (…) for x of shape (…, d), in nats. Throws as the
/// flow does.
///
/// Example:
/// ```cpp
/// auto [loss, g] = value_and_grad(flow, [&](const auto& m) { return -mean(log_prob(m, x)); });
/// ```
template <LayeredFlow Flow>
Tensor log_prob(const Flow& flow, const Tensor& x, const Tensor& context = {}) {
  return detail::layered_log_prob(flow.to_base(x, context));
}

/// Points of the flow's density, of shape (…, d) and in the dtype of its parameters, untracked; the context broadcasts
/// against them. Throws as the flow does.
///
/// Example: `Tensor x = sample(flow, {1000, 2}, Rng(0));`
template <LayeredFlow Flow>
Tensor sample(const Flow& flow, const Shape& shape, const Rng& rng, const Tensor& context = {}) {
  const NoGrad guard;
  return flow.to_data(rng.normal(shape, parameters(flow).front().dtype()), context).z;
}

}  // namespace dimwise
