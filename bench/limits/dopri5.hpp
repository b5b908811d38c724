#pragma once

#include <algorithm>
#include <cmath>

namespace dimwise::bench::dopri5 {

// Dormand & Prince's pair of orders 5 and 4, with a simple step control, shared by the twins of the CNF.
constexpr double c[7] = {0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
constexpr double a[7][6] = {{},
                            {1. / 5},
                            {3. / 40, 9. / 40},
                            {44. / 45, -56. / 15, 32. / 9},
                            {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
                            {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
                            {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}};
constexpr double error[7] = {35. / 384 - 5179. / 57600,
                             0,
                             500. / 1113 - 7571. / 16695,
                             125. / 192 - 393. / 640,
                             -2187. / 6784 + 92097. / 339200,
                             11. / 84 - 187. / 2100,
                             -1. / 40};
constexpr double tolerance = 1e-5, first_step = 0.05;

/// The factor on the step length after an error; errors up to 1 are accepted.
inline double factor(double norm) { return std::clamp(0.9 * std::pow(std::max(norm, 1e-10), -0.2), 0.2, 10.0); }

}  // namespace dimwise::bench::dopri5
