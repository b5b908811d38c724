#include "hollow/net/leave_one_out.hpp"

#include <cmath>

#include "ops/arithmetic.hpp"
#include "ops/matmul.hpp"

namespace dimwise {

LeaveOneOut::LeaveOneOut(const ConditionerConfig& config, const Rng& rng) : activation(config.activation) {
  detail::check_sizes("leave_one_out", config.d, config.d_h, config.hidden, config.context);
  const double bound = 1 / std::sqrt(static_cast<double>(config.d));
  weight = rng.split("weight").uniform({config.d, config.hidden[0]}, config.dtype, -bound, bound);
  bias = rng.split("bias").uniform({config.d, config.hidden[0]}, config.dtype, -bound, bound);
  for (size_t l = 1; l < config.hidden.size(); ++l)
    layers.emplace_back(config.hidden[l - 1], config.hidden[l], rng.split("layer").split(l), config.dtype);
  layers.emplace_back(config.hidden.back(), config.d_h, rng.split("output"), config.dtype);
  conditioning = Conditioning(config.hidden[0], config.time, config.context, rng.split("conditioning"), config.dtype);
}

Tensor LeaveOneOut::evaluate(const Tensor& x, const Tensor& term) const {
  Tensor pooled = matmul(unsqueeze(x, -2), weight);  // (…, 1, H)
  if (term.defined()) pooled = pooled + (term.rank() == 1 ? term : unsqueeze(term, -2));
  Tensor y = activate(activation, pooled - unsqueeze(x, -1) * weight + bias);
  for (size_t l = 0; l + 1 < layers.size(); ++l) y = activate(activation, layers[l](y));
  return layers.back()(y);
}

}  // namespace dimwise
