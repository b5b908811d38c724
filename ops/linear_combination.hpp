#pragma once

#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// Σ_i c_i x_i of tensors of equal shape, in one pass and one record. Terms are added in the given order, so put the
/// largest last for accuracy.
///
/// Terms with c_i = 0 are skipped, whatever x_i. Throws ShapeError if shapes differ or the list is empty, ValueError if
/// the numbers of tensors and coefficients differ.
///
/// Example: `Tensor y1 = linear_combination({k1, k2, y0}, {dt / 2, dt / 2, 1});`
Tensor linear_combination(const std::vector<Tensor>& xs, const std::vector<double>& coefficients);

}  // namespace dimwise
