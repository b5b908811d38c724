#pragma once

#include <cstdint>
#include <vector>

#include "apps/common/plot/figure.hpp"
#include "autodiff/tensor.hpp"

namespace dimwise::app {

/// The range of values without their outliers, the lowest and the highest 0.2 %, widened by `margin` of its length on
/// both sides.
Limits span(std::vector<double> values, double margin);

/// The centers of n intervals of equal length.
std::vector<double> centers(const Limits& limits, int64_t n);

/// n places at equal distances, both ends included.
std::vector<double> linspace(const Limits& limits, int64_t n);

/// The points of a grid row by row, (y.size()·x.size(), 2) in float64: x varies fastest.
Tensor grid_points(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace dimwise::app
