#pragma once

#include <cstdint>
#include <vector>

#include "autodiff/base/rng.hpp"

namespace dimwise::detail {

/// n indices with the probabilities softmax(logits): never one of probability 0. The rows of logits are one for each
/// draw, (n, k), or one for all, (1, k). Throws ValueError for a row that gives no probabilities: all −∞, or one NaN or
/// ∞.
std::vector<int64_t> draw_categorical(const char* where, const Rng& rng, const Tensor& logits, int64_t n);

}  // namespace dimwise::detail
