#pragma once
// Helpers of the libtorch twins. Included by .cpp files only.

#include <torch/torch.h>

#include "bench/peers/peers.hpp"

namespace dimwise::bench {

inline torch::Tensor torch_numbers(const std::vector<int64_t>& shape, uint32_t seed, double scale) {
  auto t = torch::empty(shape);
  const std::vector<float> values = numbers(static_cast<size_t>(t.numel()), seed, scale);
  std::copy(values.begin(), values.end(), t.data_ptr<float>());
  return t;
}

inline torch::Tensor torch_array(const Array& array) {
  return torch::tensor(array.values, torch::kFloat).view(array.shape);
}

inline double torch_squares(const torch::Tensor& t) { return t.to(torch::kDouble).square().sum().item<double>(); }
inline double torch_sum(const torch::Tensor& t) { return t.to(torch::kDouble).sum().item<double>(); }

}  // namespace dimwise::bench
