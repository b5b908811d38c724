#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace dimwise::detail {

/// A point of the line search: its distance from the start, the loss, the slope along the line, and the gradient.
struct LinePoint {
  double length = 0, loss = 0, slope = 0;
  std::vector<double> gradient;
};

/// A length that meets the strong Wolfe conditions loss ≤ loss₀ + 10⁻⁴·length·slope₀ and |slope| ≤ 0.9·|slope₀|, or the
/// best point found when `max_evaluations` is reached or the bracket is shorter than `shortest`. It may be the start.
LinePoint strong_wolfe(const std::function<LinePoint(double length)>& at, const LinePoint& start, double first_length,
                       int64_t max_evaluations, double shortest);

}  // namespace dimwise::detail
