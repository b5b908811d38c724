#pragma once

#include <utility>
#include <vector>

#include "autodiff/base/rng.hpp"

namespace dimwise {

/// The increments of independent Brownian motions over one interval of time, in 2^levels equal steps, left to right.
///
/// One level more refines the same paths: the increment W of the whole interval is drawn first, then halved repeatedly
/// by the Brownian bridge, left = W/2 + √h/2 · Z for an interval of length h. Z is number `index` of its level in the
/// stream (`rng.split(level).split(index)`), so the values do not depend on the number of levels. Memory: `levels`
/// increments. Lévy's construction: Kloeden & Platen, Numerical Solution of Stochastic Differential Equations (1992),
/// section 2.4.
///
/// Example:
/// ```cpp
/// BrownianIncrements w(rng, {100, 2}, {.length = 0.5, .levels = 3});
/// for (int64_t i = 0; i < w.steps(); ++i) x = x + w.next();
/// ```
class BrownianIncrements {
 public:
  struct Interval {
    double length = 1;
    int levels = 0;
    int64_t first_row = 0;  ///< index of the first row in its batch, so that a part draws the same noise as the whole
    DType dtype = DType::float32;
  };

  /// `shape` is (n, d), or any whose first axis counts rows. Throws ValueError for a length that is not positive and
  /// finite, and for levels outside 0 … 40.
  BrownianIncrements(const Rng& rng, const Shape& shape, const Interval& interval);

  int64_t steps() const { return int64_t{1} << interval_.levels; }
  /// The length of a step.
  double dt() const { return interval_.length / static_cast<double>(steps()); }
  /// The next increment, of the given shape, with mean 0 and variance dt. Throws ValueError after the last one.
  Tensor next();
  /// Increment number `step`, in any order and as often as asked for, with the same bits as `next` returns it. Draws
  /// once for each level. Throws ValueError for a step outside 0 … steps() − 1.
  Tensor at(int64_t step) const;

 private:
  struct Stretch {
    int level;
    int64_t index;
    Tensor increment;
  };
  Tensor normal(int level, int64_t index) const;
  Stretch whole() const;
  std::pair<Stretch, Stretch> halves(const Stretch& at) const;

  Rng rng_;
  Shape shape_;
  Interval interval_;
  std::vector<Stretch> open_;  // the remaining intervals, the next one last
};

/// The smallest number of halvings after which steps are at most dt long, up to rounding. Throws ValueError if it
/// exceeds 40, or if dt is not positive.
int brownian_levels(double length, double dt);

}  // namespace dimwise
