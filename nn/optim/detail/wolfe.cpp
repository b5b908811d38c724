#include "nn/optim/detail/wolfe.hpp"

#include <algorithm>
#include <cmath>

namespace dimwise::detail {

namespace {

// The minimizer of the cubic through two points and slopes; NaN if it has none.
double cubic_minimum(const LinePoint& a, const LinePoint& b) {
  const double d = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length);
  const double root = std::copysign(std::sqrt(d * d - a.slope * b.slope), b.length - a.length);
  return b.length - (b.length - a.length) * (b.slope + root - d) / (b.slope - a.slope + 2 * root);
}

// The cubic's minimizer if it is well inside the interval, otherwise the midpoint.
double inside(double x, double low, double high) { return x >= low && x <= high ? x : (low + high) / 2; }

}  // namespace

LinePoint strong_wolfe(const std::function<LinePoint(double)>& at, const LinePoint& start, double first_length,
                       int64_t max_evaluations, double shortest) {
  const auto too_high = [&](const LinePoint& p) {
    return !(p.loss <= start.loss + 1e-4 * p.length * start.slope);  // NaN and infinity are too high
  };
  const auto flat = [&](const LinePoint& p) { return std::abs(p.slope) <= -0.9 * start.slope; };

  // Extend until the interval between two points must contain an acceptable one.
  LinePoint low = start, high;
  double length = first_length;
  int64_t evaluations = 0;
  while (true) {
    if (evaluations++ == max_evaluations) return low;
    LinePoint p = at(length);
    if (too_high(p) || (evaluations > 1 && p.loss >= low.loss)) {
      high = std::move(p);
      break;
    }
    if (flat(p)) return p;
    if (p.slope >= 0) {
      high = std::move(low);
      low = std::move(p);
      break;
    }
    const double from = p.length + 0.1 * (p.length - low.length), to = 10 * p.length, x = cubic_minimum(low, p);
    length = x >= from ? std::min(x, to) : to;
    low = std::move(p);
  }

  // Shrink the interval. `low` is always the best point that is not too high.
  while (evaluations++ < max_evaluations && std::abs(high.length - low.length) > shortest) {
    const double left = std::min(low.length, high.length), right = std::max(low.length, high.length);
    const double margin = 0.1 * (right - left);
    LinePoint p = at(inside(cubic_minimum(low, high), left + margin, right - margin));
    if (too_high(p) || p.loss >= low.loss) {
      high = std::move(p);
      continue;
    }
    if (flat(p)) return p;
    if (p.slope * (high.length - low.length) >= 0) high = std::move(low);
    low = std::move(p);
  }
  return low;
}

}  // namespace dimwise::detail
