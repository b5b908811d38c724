#include "nn/mlp.hpp"

namespace dimwise {

Mlp::Mlp(const std::vector<int64_t>& sizes, Activation activation, const Rng& rng, DType dtype)
    : activation(activation) {
  if (sizes.size() < 2) fail<ValueError>("mlp", sizes.size(), " sizes. Give at least the input's and the output's.");
  for (size_t l = 0; l + 1 < sizes.size(); ++l) layers.emplace_back(sizes[l], sizes[l + 1], rng.split(l), dtype);
}

Tensor Mlp::operator()(const Tensor& x) const {
  Tensor y = x;
  for (size_t l = 0; l < layers.size(); ++l) y = layers[l](l == 0 ? y : activate(activation, std::move(y)));
  return y;
}

}  // namespace dimwise
