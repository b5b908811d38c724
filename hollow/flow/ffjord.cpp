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

Tensor FfjordNet::Layer::operator()(const Tensor& x, const Tensor& t) const {
  const Tensor y = linear(x) + conditioning(t, {});
  if (!given_.defined()) return y;
  const bool same = detail::same_parameters(u, u_) && detail::same_parameters(v, v_);
  const LowRank changed = same ? LowRank() : of(astype(given_, u.weight.dtype()));
  const auto& [left, right] = same ? ready_ : changed;
  return y + squeeze(matmul(matmul(unsqueeze(x, -2), right), left, {.transpose_b = true}), -2);
}

FfjordNet::Layer::LowRank FfjordNet::Layer::of(const Tensor& context) const {
  const int64_t out = linear.weight.dim(0), in = linear.weight.dim(1), rank = u.weight.dim(0) / out;
  return {detail::each_step(u, context, {out, rank}), detail::each_step(v, context, {in, rank})};
}

FfjordNet::Layer FfjordNet::Layer::prepare(const Tensor& context) const {
  Layer copy = *this;
  copy.conditioning = conditioning.prepare(context);
  if (!context.defined() || !u.weight.defined()) return copy;
  copy.given_ = context;
  copy.ready_ = of(context);
  copy.u_ = u;
  copy.v_ = v;
  return copy;
}

FfjordNet::FfjordNet(const FfjordConfig& config, const Rng& rng) : activation(config.activation) {
  if (config.d < 1 || config.hidden.empty() || config.context < 0 || config.rank < 0)
    fail<ValueError>("ffjord", "d = ", config.d, ", ", config.hidden.size(), " hidden layers, a context of ",
                     config.context, " numbers and rank ", config.rank,
                     ". d and the layers must be at least 1, the others at least 0.");
  if (config.rank > 0 && config.context == 0)
    fail<ValueError>("ffjord", "rank ", config.rank, " without a context, of which U and V are read. Use rank 0.");
  std::vector<int64_t> widths{config.d};
  for (const int64_t width : config.hidden) {
    if (width < 1) fail<ValueError>("ffjord", "hidden width ", width, ". Use at least 1.");
    widths.push_back(width);
  }
  widths.push_back(config.d);
  for (size_t l = 0; l + 1 < widths.size(); ++l)
    layers.emplace_back(widths[l], widths[l + 1], config, rng.split("layer").split(l));
}

Tensor FfjordNet::operator()(const Tensor& x, const Tensor& t, const Tensor& context) const {
  if (context.defined()) return prepare(context)(x, t);
  Tensor y = x;
  for (size_t l = 0; l < layers.size(); ++l) y = layers[l](l == 0 ? y : activate(activation, std::move(y)), t);
  return y;
}

Function FfjordNet::at(const Tensor& t, const Tensor& context) const {
  return [net = *this, t, context](const Tensor& x) { return net(x, t, context); };
}

FfjordNet FfjordNet::prepare(const Tensor& context) const {
  FfjordNet copy = *this;
  for (Layer& layer : copy.layers) layer = layer.prepare(context);
  return copy;
}

}  // namespace dimwise
