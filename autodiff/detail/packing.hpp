#pragma once

#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

// An op has one output: several tensors are packed into a 1-d one, and unpacked by recorded ops.

/// All elements, one tensor after the other, in float64 if dtypes differ.
Tensor pack(const std::vector<Tensor>& parts);
/// The part of `flat` that starts at `offset`, in the shape and dtype of `like`; `offset` is advanced past it.
Tensor unpack(const Tensor& flat, int64_t& offset, const Tensor& like);
/// All parts of `flat`, which are like these.
std::vector<Tensor> unpack(const Tensor& flat, const std::vector<Tensor>& like);

}  // namespace dimwise
