// Brownian increments: halving the step refines the same paths, and the increments have the expected law.
#include "hollow/sde/brownian.hpp"

#include <cmath>

#include "autodiff/base/error.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::sde_brownian_tests {

namespace {

constexpr DType f64 = DType::float64;

std::vector<Tensor> increments(const Rng& rng, const Shape& shape, const BrownianIncrements::Interval& interval) {
  BrownianIncrements w(rng, shape, interval);
  std::vector<Tensor> all;
  for (int64_t i = 0; i < w.steps(); ++i) all.push_back(w.next());
  CHECK_THROWS_AS(w.next(), ValueError);
  return all;
}

}  // namespace

TEST_CASE("increments of a finer path sum to those of the coarser one, to rounding") {
  const auto fine = increments(Rng(1), {5, 3}, {.length = 0.7, .levels = 6, .dtype = f64});
  for (int level = 0; level < 6; ++level) {
    const auto coarse = increments(Rng(1), {5, 3}, {.length = 0.7, .levels = level, .dtype = f64});
    const size_t ratio = fine.size() / coarse.size();
    for (size_t i = 0; i < coarse.size(); ++i) {
      Tensor total = zeros({5, 3}, f64);
      for (size_t j = 0; j < ratio; ++j) total = total + fine[i * ratio + j];
      CHECK(max(abs(total - coarse[i])).item() < 1e-14);
    }
  }
}

TEST_CASE("increments have mean 0 and variance dt, and are independent of each other, within 4.5 standard errors") {
  const int64_t n = 40000;
  const double bound = 4.5 / std::sqrt(static_cast<double>(n));
  const auto dw = increments(Rng(2), {n, 1}, {.length = 2, .levels = 3, .dtype = f64});
  for (size_t i = 0; i < dw.size(); ++i) {
    const Tensor z = dw[i] / std::sqrt(0.25);
    CHECK(std::abs(mean(z).item()) < bound);
    CHECK(std::abs(mean(square(z)).item() - 1) < bound * std::sqrt(2.0));
    for (size_t j = 0; j < i; ++j) CHECK(std::abs(mean(dw[i] * dw[j]).item()) / 0.25 < bound);
  }
}

TEST_CASE("a part of a batch draws the same increments as the whole") {
  const auto whole = increments(Rng(3), {7, 3}, {.levels = 3, .dtype = f64});
  for (const int64_t first : {0, 1, 4, 6}) {
    const auto part = increments(Rng(3), {7 - first, 3}, {.levels = 3, .first_row = first, .dtype = f64});
    for (size_t i = 0; i < whole.size(); ++i) CHECK(part[i].values() == slice(whole[i], 0, first, 7).values());
  }
}

TEST_CASE("increments have the same bits in whatever order they are asked for") {
  for (const DType dtype : {DType::float32, f64})
    for (const int levels : {0, 1, 5}) {
      const BrownianIncrements::Interval interval{.length = 0.7, .levels = levels, .dtype = dtype};
      const auto all = increments(Rng(4), {3, 2}, interval);
      const BrownianIncrements w(Rng(4), {3, 2}, interval);
      const auto n = static_cast<int64_t>(all.size());
      for (int64_t k = 0; k < 2 * n; ++k) {
        const int64_t step = (n - 1 - 7 * k) & (n - 1);  // backwards by sevens, each twice
        CHECK(w.at(step).values() == all[static_cast<size_t>(step)].values());
      }
      CHECK_THROWS_AS(w.at(n), ValueError);
      CHECK_THROWS_AS(w.at(-1), ValueError);
    }
}

TEST_CASE("an interval is halved until steps are at most dt, up to rounding") {
  CHECK(brownian_levels(1, 1) == 0);
  CHECK(brownian_levels(1, 0.01) == 7);
  CHECK(brownian_levels(0.3 - 0.2, 0.1) == 0);
  CHECK(brownian_levels(1, 0.4999) == 2);
  CHECK_THROWS_AS(brownian_levels(1, 0), ValueError);
  CHECK_THROWS_AS(brownian_levels(1, std::nan("")), ValueError);
  CHECK_THROWS_WITH(brownian_levels(1, 1e-300), Catch::Contains("Use a longer dt"));
  CHECK_THROWS_AS(BrownianIncrements(Rng(1), {2, 1}, {.length = 0}), ValueError);
  CHECK_THROWS_AS(BrownianIncrements(Rng(1), {2, 1}, {.levels = 41}), ValueError);
  CHECK_THROWS_AS(BrownianIncrements(Rng(1), {}, {}), ShapeError);
}

}  // namespace dimwise::sde_brownian_tests
