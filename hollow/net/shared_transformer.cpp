#include "hollow/net/shared_transformer.hpp"

#include <cmath>

#include "ops/arithmetic.hpp"
#include "ops/matmul.hpp"

namespace dimwise {

SharedTransformer::SharedTransformer(const TransformerConfig& config, const Rng& rng) : activation(config.activation) {
  detail::check_sizes("shared_transformer", config.d, config.d_h, config.hidden, config.context);
  const double bound = 1 / std::sqrt(static_cast<double>(1 + config.d_h));
  weight_x = rng.split("weight_x").uniform({config.hidden[0]}, config.dtype, -1, 1);
  from_h = Linear(config.d_h, config.hidden[0], rng.split("from_h"), config.dtype);
  from_h.bias = rng.split("bias").uniform({config.hidden[0]}, config.dtype, -bound, bound);
  for (size_t l = 1; l < config.hidden.size(); ++l)
    layers.emplace_back(config.hidden[l - 1], config.hidden[l], rng.split("layer").split(l), config.dtype);
  layers.emplace_back(config.hidden.back(), 1, rng.split("output"), config.dtype);
  conditioning = Conditioning(config.hidden[0], config.time, config.context, rng.split("conditioning"), config.dtype);
}

Tensor SharedTransformer::evaluate(const Tensor& x, const Tensor& h, const Tensor& term) const {
  const bool shared = term.defined() && term.rank() == 1;
  // A term equal for all rows is added to the bias.
  const Tensor bias = shared ? from_h.bias + term : from_h.bias;
  Tensor y = linear(h, from_h.weight, unsqueeze(x, -1), unsqueeze(weight_x, -1), bias);
  if (term.defined() && !shared) y = y + unsqueeze(term, -2);
  y = activate(activation, std::move(y));
  for (size_t l = 0; l + 1 < layers.size(); ++l) y = activate(activation, layers[l](y));
  return squeeze(layers.back()(y), -1);
}

}  // namespace dimwise
