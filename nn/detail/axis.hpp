#pragma once
// What layers, distributions and fits do along an axis.

#include "autodiff/tensor.hpp"

namespace dimwise::detail {

/// Throws ShapeError, with both, unless x has a last axis of length d.
void check_last_axis(const char* where, const Tensor& x, int64_t d);

/// The mean over an axis, kept with length 1, and x minus it. For equal numbers they are that number and exactly 0: the
/// first element along the axis is subtracted before the sum. The length of the axis must not be 0.
struct Moments {
  Tensor mean, centered;
};
Moments moments(const Tensor& x, int axis);

}  // namespace dimwise::detail
