#include "hollow/flow/planar.hpp"

#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

Tensor planar_direction(const Tensor& u, const Tensor& w) {
  const Tensor wu = sum(u * w, {-1}, true);
  return u + (softplus(wu) - 1 - wu) / sum(square(w), {-1}, true) * w;
}

Planar::Planar(const AmortizedConfig& config, const Rng& rng)
    : d(config.d), context(config.context), flows(config.flows) {
  detail::check_amortized("planar", config);
  u = Linear(context, flows * d, rng.split("u"), config.dtype);
  w = Linear(context, flows * d, rng.split("w"), config.dtype);
  b = Linear(context, flows, rng.split("b"), config.dtype);
}

FlowResult Planar::to_data(const Tensor& z, const Tensor& context_value) const {
  detail::check_point("planar", z, d, context_value, context);
  const Tensor us = detail::each_step(u, context_value, {flows, d}),
               ws = detail::each_step(w, context_value, {flows, d}), bs = b(context_value),
               directions = planar_direction(us, ws), products = softplus(sum(us * ws, {-1}));
  FlowResult result{z, {}};
  for (int64_t k = 0; k < flows; ++k) {
    const Tensor t = tanh(sum(select(ws, -2, k) * result.x, {-1}) + select(bs, -1, k)), t2 = square(t);
    result.x = result.x + select(directions, -2, k) * unsqueeze(t, -1);
    // 1 + (1 − t²)(softplus − 1), written so that there is no cancellation when it is small.
    accumulate(result.log_det, log(t2 + (1 - t2) * select(products, -1, k)));
  }
  return result;
}

}  // namespace dimwise
