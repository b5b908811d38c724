#include "hollow/flow/maf.hpp"

#include <algorithm>
#include <numeric>

#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

Maf::Maf(const LayeredConfig& config, const Rng& rng) : d(config.d), context(config.context) {
  detail::check_layered("maf", config);
  std::vector<int64_t> order(static_cast<size_t>(d));
  std::iota(order.begin(), order.end(), 0);
  for (int64_t k = 0; k < config.layers; ++k) {
    nets.emplace_back(MadeConfig{.d = d,
                                 .hidden = detail::layered_widths(config),
                                 .outputs = 2,
                                 .order = order,
                                 .context = context,
                                 .activation = config.activation,
                                 .dtype = config.dtype},
                      rng.split(static_cast<uint64_t>(k)));
    orders.push_back(order);
    std::reverse(order.begin(), order.end());
  }
}

FlowResult Maf::to_base(const Tensor& x, const Tensor& c) const {
  detail::check_layered_point("maf", x, d, c, context);
  FlowResult result{x, {}};
  for (size_t k = nets.size(); k-- > 0;) {
    const Tensor both = nets[k](result.x, c), m = select(both, -1, 0), a = select(both, -1, 1);
    result.x = (result.x - m) * exp(-a);
    accumulate(result.log_det, -sum(a, {-1}));
  }
  return result;
}

FlowResult Maf::to_data(const Tensor& z, const Tensor& c) const {
  detail::check_layered_point("maf", z, d, c, context);
  FlowResult result{z, {}};
  for (size_t k = 0; k < nets.size(); ++k) {
    const PreparedMade net = nets[k].prepare();
    // Dimensions not computed yet are 0: no value used depends on them.
    Tensor x = zeros_like(result.x);
    for (const int64_t i : orders[k]) {
      const Tensor both = select(net(x, c), -2, i), m = select(both, -1, 0), a = select(both, -1, 1);
      x = x + index_add(unsqueeze(select(result.x, -1, i) * exp(a) + m, -1), -1, {i}, d);
      accumulate(result.log_det, a);
    }
    result.x = x;
  }
  return result;
}

}  // namespace dimwise
