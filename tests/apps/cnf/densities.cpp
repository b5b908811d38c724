#include "apps/common/cnf/densities.hpp"

#include <cmath>

#include "autodiff/base/error.hpp"
#include "tests/catch.hpp"

namespace dimwise::densities_tests {

using namespace dimwise::app;
using namespace dimwise::app::cnf;

namespace {

// Σ p and Σ p·x^i·y^j over a grid of cell midpoints on [−6, 6]².
struct GridSums {
  double one = 0;
  double moments[5] = {};
};

void moments_of(double x, double y, double* out) {
  out[0] = x, out[1] = y, out[2] = x * x, out[3] = y * y, out[4] = x * y;
}

GridSums integrate(const Density& d, double step) {
  GridSums sums;
  for (double x = -6 + step / 2; x < 6; x += step)
    for (double y = -6 + step / 2; y < 6; y += step) {
      const double p = std::exp(d.log_density(x, y)) * step * step;
      double m[5];
      moments_of(x, y, m);
      sums.one += p;
      for (int k = 0; k < 5; ++k) sums.moments[k] += p * m[k];
    }
  return sums;
}

}  // namespace

TEST_CASE("the mean of −ln p over samples is the entropy") {
  for (const Density& d : densities()) {
    const int64_t n = 200000;
    const std::vector<double> points = sample(d, Rng(7).split(d.name), n, DType::float64).values();
    double total = 0, squares = 0;
    for (size_t i = 0; i < points.size(); i += 2) {
      const double nll = -d.log_density(points[i], points[i + 1]);
      total += nll;
      squares += nll * nll;
    }
    const double mean = total / n, error = std::sqrt((squares / n - mean * mean) / n);
    INFO(d.name << ": " << mean << " ± " << error << " against " << d.entropy);
    CHECK(std::abs(mean - d.entropy) <= 4 * error + d.entropy_error + 1e-12);
  }
}

TEST_CASE("densities integrate to 1 and have the moments of their samples") {
  for (const Density& d : densities()) {
    const GridSums grid = integrate(d, 0.04);
    INFO(d.name);
    CHECK(grid.one == Approx(1).margin(1e-3));

    const int64_t n = 100000;
    const std::vector<double> points = sample(d, Rng(8).split(d.name), n, DType::float64).values();
    double sum[5] = {}, squares[5] = {};
    for (size_t i = 0; i < points.size(); i += 2) {
      double m[5];
      moments_of(points[i], points[i + 1], m);
      for (int k = 0; k < 5; ++k) sum[k] += m[k], squares[k] += m[k] * m[k];
    }
    for (int k = 0; k < 5; ++k) {
      const double mean = sum[k] / n, error = std::sqrt((squares[k] / n - mean * mean) / n);
      INFO("moment " << k << ": samples " << mean << " ± " << error << ", density " << grid.moments[k]);
      CHECK(std::abs(mean - grid.moments[k]) <= 4.5 * error + 2e-3);
    }
  }
}

TEST_CASE("far from the mass ln p stays finite where it can, and never NaN") {
  for (const Density& d : densities())
    for (const double x : {-4.0, 0.0, 4.0, 30.0, 1e6})
      for (const double y : {-4.0, 0.0, 4.0, 1e6}) {
        INFO(d.name << " at " << x << ", " << y);
        CHECK_FALSE(std::isnan(d.log_density(x, y)));
        CHECK(d.log_density(x, y) < 5);
        if (d.name != "checkerboard" && std::abs(x) <= 4 && std::abs(y) <= 4) CHECK(std::isfinite(d.log_density(x, y)));
      }
  CHECK(density("rings").log_density(30, 0) == Approx(-0.5 * 27 * 27 / 0.0064).epsilon(1e-3));
}

TEST_CASE("densities are found by name, and a wrong name names the nearest") {
  CHECK(densities().size() == 8);
  CHECK(&density("moons") == &densities()[5]);
  CHECK_THROWS_AS(density("moon"), ValueError);
  CHECK_THROWS_WITH(
      density("pinweel"),
      "[density] there is no built-in density \"pinweel\": the names are 8gaussians, 2spirals, checkerboard, pinwheel, "
      "rings, moons, swissroll, circles. Did you mean pinwheel?");
}

TEST_CASE("samples have the shape and dtype asked for and repeat with their stream") {
  const Density& d = density("checkerboard");
  const Tensor x = sample(d, Rng(3), 5, DType::float32);
  CHECK(x.shape() == Shape{5, 2});
  CHECK(x.dtype() == DType::float32);
  CHECK(x.values() == sample(d, Rng(3), 5, DType::float32).values());
  CHECK(x.values() != sample(d, Rng(4), 5, DType::float32).values());
  CHECK(sample(d, Rng(3), 0, DType::float64).shape() == Shape{0, 2});
  CHECK_THROWS_WITH(sample(d, Rng(3), -1, DType::float64), "[sample] the number of points is -1. Ask for 0 or more.");
}

}  // namespace dimwise::densities_tests
