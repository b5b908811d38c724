#pragma once

#include "autodiff/tensor.hpp"

namespace dimwise {

/// A diagonal that can be divided by: entries closer to 0 than `smallest` are moved to ± it, by their sign. Untracked.
/// `moved` counts them, unless it is null.
Tensor away_from_zero(const Tensor& diagonal, double smallest, int64_t* moved = nullptr);

}  // namespace dimwise
