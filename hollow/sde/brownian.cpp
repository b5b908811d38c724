#include "hollow/sde/brownian.hpp"

#include <cmath>

#include "autodiff/base/error.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise {

namespace {
constexpr int most_levels = 40;
}

BrownianIncrements::BrownianIncrements(const Rng& rng, const Shape& shape, const Interval& interval)
    : rng_(rng), shape_(shape), interval_(interval) {
  if (!(interval.length > 0 && std::isfinite(interval.length)))
    fail<ValueError>("BrownianIncrements", "the interval has length ", interval.length, ". It must be positive.");
  if (interval.levels < 0 || interval.levels > most_levels)
    fail<ValueError>("BrownianIncrements", "levels = ", interval.levels, ". Use 0 to ", most_levels, ".");
  if (shape.rank() == 0) fail<ShapeError>("BrownianIncrements", "a 0-d shape has no rows. Use (n, d).");
  open_.push_back(whole());
}

Tensor BrownianIncrements::normal(int level, int64_t index) const {
  return rng_.split(static_cast<uint64_t>(level))
      .split(static_cast<uint64_t>(index))
      .normal(shape_, interval_.dtype, interval_.first_row * shape_.inner(0));
}

BrownianIncrements::Stretch BrownianIncrements::whole() const {
  return {0, 0, std::sqrt(interval_.length) * normal(0, 0)};
}

std::pair<BrownianIncrements::Stretch, BrownianIncrements::Stretch> BrownianIncrements::halves(
    const Stretch& at) const {
  const double h = std::ldexp(interval_.length, -at.level);
  const int level = at.level + 1;
  const Tensor left = 0.5 * at.increment + 0.5 * std::sqrt(h) * normal(level, at.index);
  return {{level, 2 * at.index, left}, {level, 2 * at.index + 1, at.increment - left}};
}

Tensor BrownianIncrements::next() {
  if (open_.empty())
    fail<ValueError>("BrownianIncrements", "all ", steps(),
                     " increments were already returned. Call next() at most that often.");
  Stretch at = std::move(open_.back());
  open_.pop_back();
  while (at.level < interval_.levels) {
    auto [left, right] = halves(at);
    open_.push_back(std::move(right));
    at = std::move(left);
  }
  return at.increment;
}

Tensor BrownianIncrements::at(int64_t step) const {
  if (step < 0 || step >= steps())
    fail<ValueError>("BrownianIncrements", "there is no step ", step, ". There are ", steps(), ", counted from 0.");
  Stretch at = whole();
  while (at.level < interval_.levels) {
    auto [left, right] = halves(at);
    at = step >> (interval_.levels - right.level) & 1 ? std::move(right) : std::move(left);
  }
  return at.increment;
}

int brownian_levels(double length, double dt) {
  if (!(dt > 0)) fail<ValueError>("brownian_levels", "dt = ", dt, ". It must be positive.");
  constexpr double rounding = 1 + 1e-9;  // of times such as 0.3 − 0.2
  for (int levels = 0; levels <= most_levels; ++levels)
    if (std::ldexp(length, -levels) <= dt * rounding) return levels;
  fail<ValueError>("brownian_levels", "dt = ", dt, " divides an interval of ", length, " into more than 2^",
                   most_levels, " steps. Use a longer dt.");
}

}  // namespace dimwise
