#include "hollow/net/masked_conditioner.hpp"

#include <algorithm>
#include <functional>

#include "ops/arithmetic.hpp"

namespace dimwise {

namespace {

// A unit of the left half with degree m depends on x_j, j < m, and is an input of h_i, i ≥ m. One of the right half
// depends on x_j, j > m, and is an input of h_i, i ≤ m.
struct Unit {
  bool left;
  int64_t degree;
};

std::vector<Unit> units(int64_t width, int64_t d) {
  std::vector<Unit> result;
  const int64_t degrees = std::max<int64_t>(d - 1, 1), half = (width + 1) / 2;
  for (int64_t k = 0; k < width; ++k) {
    const bool left = k < half;
    // Degrees are in order, so that the masks have whole blocks, and evenly spaced if there are fewer units than
    // degrees.
    const int64_t place = left ? k * degrees / half : (k - half) * degrees / (width - half);
    // Degrees 1 … d−1 on the left and d−2 … 0 on the right, so that each unit depends on an input, except for d = 1.
    result.push_back({left, d == 1 ? 0 : left ? place + 1 : d - 2 - place});
  }
  return result;
}

Tensor mask(int64_t rows, int64_t columns, const std::function<bool(size_t, size_t)>& connected) {
  std::vector<double> values;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      values.push_back(connected(static_cast<size_t>(r), static_cast<size_t>(c)) ? 1 : 0);
  return tensor(values, {rows, columns});
}

}  // namespace

MaskedConditioner::MaskedConditioner(const ConditionerConfig& config, const Rng& rng)
    : activation(config.activation), d(config.d), d_h(config.d_h) {
  const std::vector<int64_t> hidden = detail::conditioner_widths(config);
  detail::check_sizes("masked_conditioner", d, d_h, hidden, config.context);
  std::vector<Unit> below;
  for (size_t l = 0; l < hidden.size(); ++l) {
    const int64_t width = hidden[l];
    if (width < 2)
      fail<ValueError>("masked_conditioner", "hidden width ", width, ". Use at least 2: one unit for each direction.");
    const std::vector<Unit> here = units(width, d);
    const Rng stream = rng.split("layer").split(l);
    if (l == 0)
      layers.emplace_back(mask(width, d,
                               [&](size_t r, size_t c) {
                                 const auto j = static_cast<int64_t>(c);
                                 return here[r].left ? j < here[r].degree : j > here[r].degree;
                               }),
                          stream, config.dtype);
    else
      layers.emplace_back(mask(width, hidden[l - 1],
                               [&](size_t r, size_t c) {
                                 const Unit &to = here[r], &from = below[c];
                                 return to.left == from.left &&
                                        (to.left ? from.degree <= to.degree : from.degree >= to.degree);
                               }),
                          stream, config.dtype);
    below = here;
  }
  layers.emplace_back(mask(d * d_h, hidden.back(),
                           [&](size_t r, size_t c) {
                             const int64_t i = static_cast<int64_t>(r) / d_h;
                             return below[c].left ? below[c].degree <= i : below[c].degree >= i;
                           }),
                      rng.split("output"), config.dtype);
  conditioning = Conditioning(hidden[0], config.time, config.context, rng.split("conditioning"), config.dtype);
}

PreparedMaskedConditioner MaskedConditioner::prepare(const Tensor& context) const {
  PreparedMaskedConditioner ready{{}, conditioning.prepare(context), activation, d, d_h};
  for (const MaskedLinear& layer : layers) ready.layers.push_back(layer.prepare());
  return ready;
}

Tensor PreparedMaskedConditioner::operator()(const Tensor& x, const Tensor& t) const {
  Tensor y = x;
  for (size_t l = 0; l + 1 < layers.size(); ++l) {
    y = layers[l](y);
    if (l == 0)
      if (const Tensor term = conditioning(t); term.defined()) y = y + term;
    y = activate(activation, std::move(y));
  }
  y = layers.back()(y);
  Shape shape = x.shape();
  shape.push_back(d_h);
  return reshape(y, shape);
}

}  // namespace dimwise
