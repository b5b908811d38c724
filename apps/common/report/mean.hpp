#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dimwise::app {

/// The mean of independent values and its standard error, s/√n; 0 for a single value.
struct Mean {
  double mean = 0, standard_error = 0;
  int64_t count = 0;
};
Mean mean_of(const std::vector<double>& values);

/// As `1.2346 +- 0.0012`.
std::string with_error(const Mean& mean, int digits = 4);
/// A difference, which always has its sign: `+1.2346 +- 0.0012`.
std::string signed_with_error(const Mean& mean, int digits = 4);

/// The middle of the sorted values, the upper one of two. NaN without values.
double median(std::vector<double> values);

}  // namespace dimwise::app
