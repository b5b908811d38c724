#include "hollow/flow/realnvp.hpp"

#include <utility>

#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

namespace {

// t and s, each (…, number of dimensions changed).
std::pair<Tensor, Tensor> shift_and_log_scale(const Coupling& coupling, const Tensor& kept, const Tensor& c) {
  Tensor y = coupling.layers[0](kept);
  if (coupling.context) y = y + (*coupling.context)(c);
  for (size_t l = 1; l < coupling.layers.size(); ++l)
    y = coupling.layers[l](activate(coupling.activation, std::move(y)));
  const int64_t n = coupling.factor.dim(0);
  return {slice(y, -1, 0, n), coupling.factor * tanh(slice(y, -1, n, 2 * n))};
}

Tensor assembled(const Coupling& coupling, const Tensor& kept, const Tensor& changed) {
  const auto d = static_cast<int64_t>(coupling.kept.size() + coupling.changed.size());
  return index_add(kept, -1, coupling.kept, d) + index_add(changed, -1, coupling.changed, d);
}

}  // namespace

Coupling::Coupling(const LayeredConfig& config, bool keeps_even, const Rng& rng) : activation(config.activation) {
  for (int64_t i = 0; i < config.d; ++i) ((i % 2 == 0) == keeps_even ? kept : changed).push_back(i);
  const auto n = static_cast<int64_t>(changed.size());
  std::vector<int64_t> sizes{static_cast<int64_t>(kept.size())};
  const std::vector<int64_t> hidden = detail::layered_widths(config);
  sizes.insert(sizes.end(), hidden.begin(), hidden.end());
  sizes.push_back(2 * n);
  for (size_t l = 0; l + 1 < sizes.size(); ++l)
    layers.emplace_back(sizes[l], sizes[l + 1], rng.split("layer").split(l), config.dtype);
  if (config.context > 0) context = Linear(config.context, sizes[1], rng.split("context"), config.dtype, false);
  factor = ones({n}, config.dtype);
}

FlowResult Coupling::to_base(const Tensor& x, const Tensor& c) const {
  const Tensor same = index_select(x, -1, kept);
  const auto [t, s] = shift_and_log_scale(*this, same, c);
  return {assembled(*this, same, (index_select(x, -1, changed) - t) * exp(-s)), -sum(s, {-1})};
}

FlowResult Coupling::to_data(const Tensor& z, const Tensor& c) const {
  const Tensor same = index_select(z, -1, kept);
  const auto [t, s] = shift_and_log_scale(*this, same, c);
  return {assembled(*this, same, index_select(z, -1, changed) * exp(s) + t), sum(s, {-1})};
}

RealNvp::RealNvp(const LayeredConfig& config, const Rng& rng) : d(config.d), context(config.context) {
  detail::check_layered("realnvp", config);
  if (d < 2) fail<ValueError>("realnvp", "d = ", d, ". A coupling needs at least 2 dimensions; use Maf for one.");
  for (int64_t k = 0; k < config.layers; ++k)
    couplings.emplace_back(config, k % 2 == 0, rng.split(static_cast<uint64_t>(k)));
}

FlowResult RealNvp::to_base(const Tensor& x, const Tensor& c) const {
  detail::check_layered_point("realnvp", x, d, c, context);
  FlowResult result{x, {}};
  for (size_t k = couplings.size(); k-- > 0;) {
    const FlowResult step = couplings[k].to_base(result.x, c);
    result.x = step.x;
    accumulate(result.log_det, step.log_det);
  }
  return result;
}

FlowResult RealNvp::to_data(const Tensor& z, const Tensor& c) const {
  detail::check_layered_point("realnvp", z, d, c, context);
  FlowResult result{z, {}};
  for (const Coupling& coupling : couplings) {
    const FlowResult step = coupling.to_data(result.x, c);
    result.x = step.x;
    accumulate(result.log_det, step.log_det);
  }
  return result;
}

}  // namespace dimwise
