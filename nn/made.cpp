#include "nn/made.hpp"

#include <algorithm>

#include "nn/detail/axis.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise {

namespace {

// The position of each dimension in the order, from 0.
std::vector<int64_t> places(int64_t d, const std::vector<int64_t>& order) {
  std::vector<int64_t> place(static_cast<size_t>(d), -1);
  if (order.empty()) {
    for (int64_t i = 0; i < d; ++i) place[static_cast<size_t>(i)] = i;
    return place;
  }
  bool fits = static_cast<int64_t>(order.size()) == d;
  for (size_t k = 0; fits && k < order.size(); ++k) {
    fits = order[k] >= 0 && order[k] < d && place[static_cast<size_t>(order[k])] < 0;
    if (fits) place[static_cast<size_t>(order[k])] = static_cast<int64_t>(k);
  }
  if (!fits) fail<ValueError>("made", "the order must contain each of the dimensions 0 to ", d - 1, " once.");
  return place;
}

Tensor mask(const std::vector<int64_t>& to, const std::vector<int64_t>& from) {
  std::vector<double> values;
  for (const int64_t t : to)
    for (const int64_t f : from) values.push_back(t >= f ? 1 : 0);
  return tensor(values, {static_cast<int64_t>(to.size()), static_cast<int64_t>(from.size())});
}

}  // namespace

std::vector<Tensor> made_masks(int64_t d, const std::vector<int64_t>& hidden, int64_t outputs,
                               const std::vector<int64_t>& order, bool context) {
  if (d < 1 || outputs < 1) fail<ValueError>("made", "d = ", d, " and ", outputs, " outputs. Both must be at least 1.");
  const std::vector<int64_t> place = places(d, order);
  std::vector<Tensor> masks;
  // A degree is the number of inputs, in order, that a unit may depend on: input i has degree position + 1.
  const int64_t lowest = context || d == 1 ? 0 : 1;
  std::vector<int64_t> below;
  for (const int64_t p : place) below.push_back(p + 1);
  for (const int64_t width : hidden) {
    if (width < 1) fail<ValueError>("made", "a hidden layer of width ", width, ". Use at least 1.");
    std::vector<int64_t> here;
    for (int64_t k = 0; k < width; ++k) here.push_back(lowest + k % (d - lowest));
    masks.push_back(mask(here, below));
    below = std::move(here);
  }
  std::vector<int64_t> last;
  for (const int64_t p : place) last.insert(last.end(), static_cast<size_t>(outputs), p);
  masks.push_back(mask(last, below));
  return masks;
}

Made::Made(const MadeConfig& config, const Rng& rng)
    : activation(config.activation), d(config.d), outputs(config.outputs) {
  const std::vector<int64_t> hidden =
      config.hidden.empty() ? std::vector{std::max<int64_t>(64, config.d)} : config.hidden;
  const std::vector<Tensor> masks = made_masks(config.d, hidden, config.outputs, config.order, config.context > 0);
  for (size_t l = 0; l < masks.size(); ++l) layers.emplace_back(masks[l], rng.split("layer").split(l), config.dtype);
  if (config.context > 0) context = Linear(config.context, hidden[0], rng.split("context"), config.dtype, false);
}

PreparedMade Made::prepare() const {
  PreparedMade ready{{}, context, activation, d, outputs};
  for (const MaskedLinear& layer : layers) ready.layers.push_back(layer.prepare());
  return ready;
}

Tensor PreparedMade::operator()(const Tensor& x, const Tensor& c) const {
  detail::check_last_axis("made", x, d);
  if (c.defined() != context.has_value())
    fail<ValueError>("made", c.defined() ? "a context was given to a net constructed without one. Leave it out."
                                         : "the context is missing. Give it: the net was constructed with one.");
  Tensor y = layers[0](x);
  if (context) y = y + (*context)(c);
  for (size_t l = 1; l < layers.size(); ++l) y = layers[l](activate(activation, std::move(y)));
  Shape shape = y.shape();
  shape[shape.rank() - 1] = d;
  shape.push_back(outputs);
  return reshape(y, shape);
}

}  // namespace dimwise
