#pragma once

#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// Σ_i c_i x_i of tensors of equal shape, in one pass and one record. Terms are added in the given order, so put the
/// largest last for accuracy.
///
/// Terms with c_i = 0 are left out, whatever x_i. Throws ShapeError if shapes differ or nothing is given, ValueError
/// where the counts of tensors and numbers differ.
///
/// Example: `Tensor y1 = linear_combination({k1, k2, y0}, {dt / 2, dt / 2, 1});`
Tensor linear_combination(const std::vector<Tensor>& xs, const std::vector<double>& coefficients);

}  // namespace dimwise
