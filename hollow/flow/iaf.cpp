#include "hollow/flow/iaf.hpp"

#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

Iaf::Iaf(const AmortizedConfig& config, const Rng& rng) : d(config.d), context(config.context) {
  detail::check_amortized("iaf", config);
  std::vector<int64_t> reversed;
  for (int64_t i = d; i-- > 0;) reversed.push_back(i);
  for (int64_t k = 0; k < config.flows; ++k)
    nets.emplace_back(MadeConfig{.d = d,
                                 .hidden = config.hidden,
                                 .outputs = 2,
                                 .order = k % 2 == 0 ? std::vector<int64_t>{} : reversed,
                                 .context = context,
                                 .activation = config.activation,
                                 .dtype = config.dtype},
                      rng.split(static_cast<uint64_t>(k)));
}

FlowResult Iaf::to_data(const Tensor& z, const Tensor& context_value) const {
  detail::check_point("iaf", z, d, context_value, context);
  FlowResult result{z, {}};
  for (const Made& net : nets) {
    const Tensor both = net(result.x, context_value), m = select(both, -1, 0), s = select(both, -1, 1) + 1;
    result.x = m + sigmoid(s) * (result.x - m);
    accumulate(result.log_det, -sum(softplus(-s), {-1}));
  }
  return result;
}

}  // namespace dimwise
