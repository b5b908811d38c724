#pragma once

#include <string>
#include <vector>

namespace dimwise::app {

/// The ticks of an axis and their labels.
struct Ticks {
  std::vector<double> at;
  std::vector<std::string> labels;
};

/// About `count` marks in [low, high] at multiples of 1, 2 or 5 times a power of ten.
Ticks linear_ticks(double low, double high, int count);
/// Marks at powers of ten in [low, high], thinned to about `count`; linear ones where that leaves fewer than two.
Ticks log_ticks(double low, double high, int count);

}  // namespace dimwise::app
