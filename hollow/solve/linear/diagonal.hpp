#pragma once

#include "autodiff/tensor.hpp"

namespace dimwise {

/// The diagonal with entries closer to 0 than `smallest` replaced by ±`smallest`, by their sign, so that one can divide
/// by it. Untracked. `moved` counts them, unless it is null.
Tensor away_from_zero(const Tensor& diagonal, double smallest, int64_t* moved = nullptr);

}  // namespace dimwise
