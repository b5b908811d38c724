#include "hollow/net/per_dimension_transformer.hpp"

#include <cmath>

#include "ops/arithmetic.hpp"
#include "ops/matmul.hpp"

namespace dimwise {

Tensor PerDimensionTransformer::Layer::operator()(const Tensor& x) const { return matmul(x, weight) + bias; }

PerDimensionTransformer::PerDimensionTransformer(const TransformerConfig& config, const Rng& rng)
    : activation(config.activation) {
  detail::check_sizes("per_dimension_transformer", config.d, config.d_h, config.hidden, config.context);
  weight_x = rng.split("weight_x").uniform({config.d, 1, config.hidden[0]}, config.dtype, -1, 1);
  std::vector<int64_t> widths{config.d_h};
  widths.insert(widths.end(), config.hidden.begin(), config.hidden.end());
  widths.push_back(1);
  for (size_t l = 0; l + 1 < widths.size(); ++l) {
    const double bound = 1 / std::sqrt(static_cast<double>(widths[l]));
    const Rng stream = rng.split("layer").split(l);
    layers.push_back({stream.split("weight").uniform({config.d, widths[l], widths[l + 1]}, config.dtype, -bound, bound),
                      stream.split("bias").uniform({config.d, 1, widths[l + 1]}, config.dtype, -bound, bound)});
  }
  conditioning = Conditioning(config.hidden[0], config.time, config.context, rng.split("conditioning"), config.dtype);
}

Tensor PerDimensionTransformer::evaluate(const Tensor& x, const Tensor& h, const Tensor& term) const {
  const int64_t d = h.dim(-2), d_h = h.dim(-1), rows = h.shape().outer(h.rank() - 2);
  // Dimensions first: (d, rows, …).
  const Tensor inputs = transpose(reshape(h, {rows, d, d_h}), {1, 0, 2});
  const Tensor points = unsqueeze(transpose(reshape(x, {rows, d})), -1);
  Tensor y = layers[0](inputs) + points * weight_x;
  if (term.defined() && term.rank() > 1) {  // its batch axes may broadcast against those of x
    Shape full = h.shape().without(h.rank() - 1).without(h.rank() - 2);
    full.push_back(term.dim(-1));
    y = y + reshape(broadcast_to(term, full), {rows, term.dim(-1)});
  } else if (term.defined()) {
    y = y + term;
  }
  y = activate(activation, std::move(y));
  for (size_t l = 1; l + 1 < layers.size(); ++l) y = activate(activation, layers[l](y));
  y = layers.back()(y);  // (d, rows, 1)
  return reshape(transpose(squeeze(y, -1)), x.shape());
}

}  // namespace dimwise
