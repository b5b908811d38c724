#include "hollow/net/leave_one_out.hpp"

#include <cmath>

#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

LeaveOneOut::LeaveOneOut(const ConditionerConfig& config, const Rng& rng) : activation(config.activation) {
  const std::vector<int64_t> hidden = detail::conditioner_widths(config);
  detail::check_sizes("leave_one_out", config.d, config.d_h, hidden, config.context);
  const double bound = 1 / std::sqrt(static_cast<double>(config.d));
  weight = rng.split("weight").uniform({config.d, hidden[0]}, config.dtype, -bound, bound);
  bias = rng.split("bias").uniform({config.d, hidden[0]}, config.dtype, -bound, bound);
  for (size_t l = 1; l < hidden.size(); ++l)
    layers.emplace_back(hidden[l - 1], hidden[l], rng.split("layer").split(l), config.dtype);
  layers.emplace_back(hidden.back(), config.d_h, rng.split("output"), config.dtype);
  conditioning = Conditioning(hidden[0], config.time, config.context, rng.split("conditioning"), config.dtype);
}

Tensor LeaveOneOut::evaluate(const Tensor& x, const Tensor& term) const {
  Tensor pooled = sum_of_others(unsqueeze(x, -1) * weight, -2) + bias;  // (…, d, H)
  if (term.defined()) pooled = pooled + (term.rank() == 1 ? term : unsqueeze(term, -2));
  Tensor y = activate(activation, std::move(pooled));
  for (size_t l = 0; l + 1 < layers.size(); ++l) y = activate(activation, layers[l](y));
  return layers.back()(y);
}

}  // namespace dimwise
