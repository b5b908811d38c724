#include "hollow/flow/ffjord.hpp"

#include <cmath>

#include "hollow/flow/amortized.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"

namespace dimwise {

namespace {

Linear scaled(Linear layer, double factor) {
  layer.weight = layer.weight * factor;
  layer.bias = layer.bias * factor;
  return layer;
}

}  // namespace

FfjordNet::Layer::Layer(int64_t in, int64_t out, const FfjordConfig& config, const Rng& rng)
    : linear(in, out, rng.split("linear"), config.dtype),
      conditioning(out, true, config.context, rng.split("conditioning"), config.dtype) {
  if (config.rank == 0) return;
  const auto root = [](int64_t n) { return std::sqrt(static_cast<double>(n)); };
  u = scaled(Linear(config.context, out * config.rank, rng.split("u"), config.dtype), 1 / root(config.rank));
  v = scaled(Linear(config.context, in * config.rank, rng.split("v"), config.dtype), 1 / root(in));
}

PreparedFfjordNet::Layer FfjordNet::Layer::prepare(const Tensor& context) const {
  PreparedFfjordNet::Layer ready{linear, conditioning.prepare(context), {}, {}};
  if (!u.weight.defined()) return ready;
  const int64_t out = linear.weight.dim(0), in = linear.weight.dim(1), rank = u.weight.dim(0) / out;
  ready.u = detail::each_step(u, context, {out, rank});
  ready.v = detail::each_step(v, context, {in, rank});
  return ready;
}

FfjordNet::FfjordNet(const FfjordConfig& config, const Rng& rng) : activation(config.activation) {
  if (config.d < 1 || config.hidden.empty() || config.context < 0 || config.rank < 0)
    fail<ValueError>("ffjord", "d = ", config.d, ", ", config.hidden.size(), " hidden layers, a context of ",
                     config.context, " numbers and rank ", config.rank,
                     ". d and the number of layers must be at least 1, the others at least 0.");
  if (config.rank > 0 && config.context == 0)
    fail<ValueError>("ffjord", "rank ", config.rank,
                     " without a context, from which U and V are computed. Use rank 0.");
  std::vector<int64_t> widths{config.d};
  for (const int64_t width : config.hidden) {
    if (width < 1) fail<ValueError>("ffjord", "hidden width ", width, ". Use at least 1.");
    widths.push_back(width);
  }
  widths.push_back(config.d);
  for (size_t l = 0; l + 1 < widths.size(); ++l)
    layers.emplace_back(widths[l], widths[l + 1], config, rng.split("layer").split(l));
}

PreparedFfjordNet FfjordNet::prepare(const Tensor& context) const {
  std::vector<PreparedFfjordNet::Layer> ready;
  for (const Layer& layer : layers) ready.push_back(layer.prepare(context));
  return {std::move(ready), activation};
}

Tensor PreparedFfjordNet::operator()(const Tensor& x, const Tensor& t) const {
  Tensor y = x;
  for (size_t l = 0; l < layers_->size(); ++l) {
    const auto& [linear, conditioning, u, v] = (*layers_)[l];
    const Tensor in = l == 0 ? y : activate(activation_, std::move(y));
    y = linear(in) + conditioning(t);
    if (u.defined()) y = y + squeeze(matmul(matmul(unsqueeze(in, -2), v), u, {.transpose_b = true}), -2);
  }
  return y;
}

}  // namespace dimwise
